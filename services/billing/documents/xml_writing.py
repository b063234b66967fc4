"""Writing XML by short names: elements as `cbc:ID`, with their namespaces where they are used."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring


class XmlWriter:
    """One document. `namespaces`: prefix -> URI; `root`: a short name."""

    def __init__(self, root: str, namespaces: Mapping[str, str]) -> None:
        self._namespaces = namespaces
        for prefix, uri in namespaces.items():
            register_namespace(prefix, uri)
        self.root = Element(self._full(root))

    def add(self, parent: Element, path: str, text: str = "", **attributes: str) -> Element:
        """An element below `parent`; a path `a:b/c:d` adds one in the other."""
        element = parent
        for name in path.split("/"):
            element = SubElement(element, self._full(name))
        element.text = text or None
        element.attrib.update(attributes)
        return element

    def written(self) -> str:
        """The document as text."""
        text = tostring(self.root, encoding="unicode")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'

    def _full(self, name: str) -> str:
        prefix, _, local = name.partition(":")
        return f"{{{self._namespaces[prefix]}}}{local}"
