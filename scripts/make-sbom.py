"""Write a bill of materials (CycloneDX 1.5, JSON) of the environment that runs this. usage: make-sbom.py FILE"""

import json
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path


def component(package: Distribution) -> dict[str, object]:
    """One installed package."""
    name, version = package.metadata["Name"], package.version
    licence = package.metadata.json.get("license_expression")
    found: dict[str, object] = {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
        "bom-ref": f"{name}@{version}",
    }
    if licence:
        found["licenses"] = [{"expression": licence}]
    return found


def main(target: Path) -> None:
    """Write the document."""
    packages = sorted(distributions(), key=lambda package: package.metadata["Name"].lower())
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "claimlens", "bom-ref": "claimlens"}},
        "components": [component(package) for package in packages if package.metadata["Name"] != "claimlens"],
    }
    target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"{target}: {len(packages)} packages")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
