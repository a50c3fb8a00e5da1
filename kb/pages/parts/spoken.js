/* Streamlit gives a box its label as it was written for the name that a screen reader speaks:
   ":gray[984]", "Planning \&". Here such names become what is seen. Once a document. */
if (!window.sixfoldSpoken) {
  const marked = '[aria-label*=":gray["],[aria-label*=":small["],[aria-label*=":material/"],[aria-label*="\\\\"]';
  const seen = text => text
    .replace(/:material\/\w+:\s*/g, "")
    .replace(/:(?:gray|small)\[((?:\\.|[^\]\\])*)\]/g, "$1")
    .replace(/\\(.)/g, "$1")
    .replace(/\u2060/g, "");
  const speak = () => document.querySelectorAll(marked).forEach(one => {
    const written = one.getAttribute("aria-label"), name = seen(written);
    if (name !== written) one.setAttribute("aria-label", name);
  });
  window.sixfoldSpoken = new MutationObserver(speak);
  window.sixfoldSpoken.observe(document.body,
    {subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label"]});
  speak();
}
