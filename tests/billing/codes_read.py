"""What a person and a reader of codes see on a PDF."""

import pypdfium2
import zxingcpp

DOTS_PER_INCH = 300


def pages(pdf: bytes) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(pdf)


def text_of(pdf: bytes) -> str:
    """All text, blanks of every kind as one space."""
    texts = (page.get_textpage().get_text_range() for page in pages(pdf))
    return " ".join(" ".join(texts).split())


def codes_on(pdf: bytes) -> dict[str, str]:
    """Kind of code -> what a reader of codes sees on the rendered pages."""
    found = {}
    for page in pages(pdf):
        bitmap = page.render(scale=DOTS_PER_INCH / 72, grayscale=True)
        grey = memoryview(bitmap.buffer).cast("B")[: bitmap.stride * bitmap.height]
        rows = grey.cast("B", (bitmap.height, bitmap.stride))
        for code in zxingcpp.read_barcodes(rows):
            found[str(code.format)] = code.text
    return found
