"""How products belong together: which addon fits which product, what a service may change to."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from services.billing.catalogue.terms import ProductTerms
from shared.errors import Conflict, Invalid


class ProductUnknown(Invalid):
    """A product names another that is not offered with it."""


class UpgradesInCircle(Invalid):
    """The upgrades lead back to where they began."""


class AddonOfAddon(Invalid):
    """An addon is sold for a product, not for another addon or itself."""


class ChangeNotOffered(Conflict):
    """No upgrade and no downgrade leads from the one product to the other."""


class ParentDoesNotFit(Conflict):
    """The addon is not sold for this product, or needs a service that it belongs to."""


def check_catalogue(offered: Mapping[str, ProductTerms]) -> None:
    """What products (by slug) say of each other. `ProductUnknown`, `AddonOfAddon`,
    `UpgradesInCircle`.
    """
    for slug, terms in offered.items():
        for field, named in (("addon_to", terms.addon_to), ("upgrades_to", terms.upgrades_to)):
            if unknown := sorted(set(named) - offered.keys()):
                raise ProductUnknown(product=slug, field=field, unknown=unknown)
        if any(offered[parent].addon_to for parent in terms.addon_to):
            raise AddonOfAddon(product=slug, field="addon_to")
    try:
        TopologicalSorter({slug: terms.upgrades_to for slug, terms in offered.items()}).prepare()
    except CycleError as error:
        raise UpgradesInCircle(field="upgrades_to", products=list(error.args[1])) from None


def change_between(held: ProductTerms, wanted: ProductTerms) -> Literal["upgrade", "downgrade"]:
    """What going from the one product to the other is; the ways down are those up backwards.

    `ChangeNotOffered` where neither names the other.
    """
    if wanted.slug in held.upgrades_to:
        return "upgrade"
    if held.slug in wanted.upgrades_to:
        return "downgrade"
    raise ChangeNotOffered(product=held.slug, wanted=wanted.slug)


def check_parent(addon: ProductTerms, parent: ProductTerms | None) -> None:
    """An addon has a parent that it is sold for, another product has none: `ParentDoesNotFit`."""
    if addon.addon_to and (parent is None or parent.slug not in addon.addon_to):
        raise ParentDoesNotFit(product=addon.slug, fits=addon.addon_to)
    if parent is not None and not addon.addon_to:
        raise ParentDoesNotFit(product=addon.slug, fits=[])
