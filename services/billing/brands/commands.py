"""Setting up a brand: its settings and its whole catalogue, as its file says."""

from dataclasses import dataclass

from services.billing.brands.brand import Brand, BrandSettings
from services.billing.catalogue.product import Product, ProductTerms
from shared.errors import NotFound
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class ConfigureBrand:
    """`products` is everything that can be ordered from now on; what it leaves out is retired."""

    slug: str
    settings: BrandSettings
    products: list[ProductTerms]


async def configure_brand(command: ConfigureBrand, tx: Transaction) -> Brand:
    """The brand as the file says. The same file again records nothing."""
    try:
        brand = await tx.load(Brand, Brand.id_of(command.slug))
        brand.reconfigure(command.settings)
    except NotFound:
        brand = Brand.configure(slug=command.slug, settings=command.settings)
    products = [await _publish(command.slug, terms, tx=tx) for terms in command.products]
    offered = {product.id for product in products}
    rows = await tx.read.fetch("select product_id from product where brand = $1", command.slug)
    for product_id in {row["product_id"] for row in rows} - offered:
        retired = await tx.load(Product, product_id)
        retired.retire()
        products.append(retired)
    await tx.save(brand, *products)
    return brand


async def _publish(brand: str, terms: ProductTerms, *, tx: Transaction) -> Product:
    try:
        product = await tx.load(Product, Product.id_of(brand, terms.slug))
    except NotFound:
        return Product.publish(brand=brand, terms=terms)
    product.revise(terms)
    return product
