"""What is on sale, and ordering it: choose, review, place."""

from starlette.responses import Response

from services.portal.browser.commands import Command, arrive, send
from services.portal.browser.forms import Form
from services.portal.browser.pages import For, Pages
from services.portal.browser.refusals import NoSuchPage
from services.portal.browser.sentences import CHECK_FIELDS, FIELD_SENTENCES
from services.portal.browser.visit import Visit
from services.portal.catalogue.cart import Cart, cart_of, drop, keep, product_in_cart
from services.portal.catalogue.domain import plain_domain
from services.portal.catalogue.views import Product, cycles_of, product_by_slug, products_of

pages = Pages(For.ANYBODY)
client_pages = Pages(For.CLIENTS)


@pages.get("/products")
async def get_products(visit: Visit) -> Response:
    """The plans with their prices for one cycle."""
    products = await products_of(visit.db, visit.brand.slug)
    cycles = cycles_of(products)
    chosen = visit.query("cycle")
    return visit.show(
        "catalogue/products.html",
        section="products",
        products=products,
        cycles=cycles,
        cycle=chosen if chosen in cycles else next(iter(cycles), ""),
    )


@pages.get("/order/{slug}")
async def get_order_form(visit: Visit, slug: str) -> Response:
    """Choose how often to pay and for which domain."""
    product = await _on_sale(visit, slug)
    cart = cart_of(visit)
    domain = cart.domain if cart and cart.product == slug else ""
    cycle = product.price(visit.query("cycle")).cycle
    form = Form(values={"cycle": cycle, "domain": domain})
    return visit.show("catalogue/order.html", section="products", product=product, form=form)


async def _on_sale(visit: Visit, slug: str) -> Product:
    product = await product_by_slug(visit.db, visit.brand.slug, slug=slug)
    if product is None:
        raise NoSuchPage()
    return product


@pages.post("/order/{slug}")
async def choose(visit: Visit, form: Form, slug: str) -> Response:
    """Keep the choice; a client reviews it at once, a visitor registers or signs in first."""
    product = await _on_sale(visit, slug)
    domain = plain_domain(form.text("domain"))
    if not domain:
        wrong = _wrong_domain(visit, form)
        return visit.show("catalogue/order.html", section="products", product=product, form=wrong)
    cart = Cart(product=slug, cycle=product.price(form.text("cycle")).cycle, domain=domain)
    return keep(visit, visit.go("/orders/review" if visit.session else "/register"), cart=cart)


def _wrong_domain(visit: Visit, form: Form) -> Form:
    field, sentence = FIELD_SENTENCES["domain_name_invalid"]
    gettext = visit.language.gettext
    return form.refused(errors={field: gettext(sentence)}, alert=gettext(CHECK_FIELDS))


@client_pages.get("/orders/review")
async def get_review(visit: Visit) -> Response:
    """What the order will be, before it is placed."""
    return await _review(visit, Form())


async def _review(visit: Visit, form: Form) -> Response:
    cart = cart_of(visit)
    product = await product_in_cart(visit, cart)
    return visit.show(
        "orders/review.html",
        section="products",
        cart=cart,
        product=product,
        price=product.price(cart.cycle) if product and cart else None,
        account=visit.own_account,
        form=form,
    )


@client_pages.post("/orders/review")
async def place_order(visit: Visit, form: Form) -> Response:
    """Place the order; its invoice is the next page."""
    cart = cart_of(visit)
    product = await product_in_cart(visit, cart)
    if cart is None or product is None:
        return await _review(visit, form)
    body = {"product_id": str(product.product_id), "cycle": cart.cycle, "domain": cart.domain}
    placed = await send(visit, Command(form=form, peer="billing", path="/v1/orders", body=body))
    if placed.refusal:
        return await _review(visit, placed.form)
    invoice_page = f"/invoices/{placed.answer['invoice_id']}?done=order"
    return drop(visit, await arrive(visit, placed, path=invoice_page))
