"""The app's pages, run by Streamlit; nothing outside imports them."""
