"""A PDF/A-3 with its electronic invoice inside becomes a Factur-X: its metadata say so.

Source: Factur-X 1.09, section 6 (XMP extension schema); the attachment itself is typst's work.
"""

from io import BytesIO
from typing import Any

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

NAMESPACE = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
FILE_NAME = "factur-x.xml"
VALUES = {
    "DocumentFileName": (FILE_NAME, "name of the embedded XML invoice file"),
    "DocumentType": ("INVOICE", "INVOICE"),
    "Version": ("1.0", "version of the XML schema"),
    "ConformanceLevel": ("EN 16931", "profile of the embedded XML invoice"),
}
END = b"</rdf:RDF>"
SCHEMAS = b"<pdfaExtension:schemas><rdf:Bag>"
"""Where typst declares the properties of its metadata: there may be but one such list."""


def as_factur_x(pdf: bytes) -> bytes:
    """The same file with what Factur-X wants its metadata to say, as an update at its end."""
    writer = PdfWriter(BytesIO(pdf), incremental=True)
    told: Any = writer.root_object["/Metadata"].get_object()
    metadata: bytes = told.get_data()
    assert metadata.count(SCHEMAS) == metadata.count(END) == 1, "typst writes XMP for PDF/A"
    stream = DecodedStreamObject()
    stream.set_data(metadata.replace(SCHEMAS, SCHEMAS + _schema()).replace(END, _values() + END))
    stream[NameObject("/Type")] = NameObject("/Metadata")
    stream[NameObject("/Subtype")] = NameObject("/XML")
    writer._replace_object(told.indirect_reference, stream)
    written = BytesIO()
    writer.write(written)
    return written.getvalue()


def _values() -> bytes:
    values = "".join(f"<fx:{name}>{value}</fx:{name}>" for name, (value, _) in VALUES.items())
    return (
        f'<rdf:Description rdf:about="" xmlns:fx="{NAMESPACE}">{values}</rdf:Description>'
    ).encode()


def _schema() -> bytes:
    """PDF/A wants properties of other schemas to be described."""
    properties = "".join(
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name>"
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{meaning}</pdfaProperty:description></rdf:li>"
        for name, (_, meaning) in VALUES.items()
    )
    return (
        '<rdf:li rdf:parseType="Resource">'
        "<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>"
        f"<pdfaSchema:namespaceURI>{NAMESPACE}</pdfaSchema:namespaceURI>"
        "<pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    ).encode()
