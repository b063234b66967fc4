"""Saved ways to pay: one default at most, no token twice, nothing charged that nobody chose."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.billing.publishing import publish
from services.billing.saved_methods.method_setup import MethodSetup
from services.billing.saved_methods.wallet import (
    MOST_METHODS,
    SavedMethod,
    SavedMethodUnknown,
    SavedMethodUnusable,
    TooManySavedMethods,
    Wallet,
)
from services.billing.why.why import Why
from shared.errors import DomainError
from tests.billing.samples import (
    ACCOUNT,
    OTHER,
    PAYMENT,
    TODAY,
    empty_wallet,
    saved_card,
    wallet_with,
    wanted_setup,
)
from tests.given import given, rebuilt

pytestmark = pytest.mark.measured

WHY = Why(rule="card.expires")
LATER = TODAY + timedelta(days=400)


def test_the_first_way_to_pay_is_charged_automatically() -> None:
    card = saved_card()
    given(empty_wallet()).when(
        lambda wallet: wallet.save(card, is_preferred=False, today=TODAY)
    ).then((Wallet.MethodSaved, {"saved": card, "saved_on": TODAY, "is_default": True}))


def test_a_further_one_is_the_default_only_if_it_is_wanted_so() -> None:
    wallet = wallet_with(saved_card(1), saved_card(2))
    assert wallet.default_id == saved_card(1).id
    wallet.save(saved_card(3), is_preferred=True, today=TODAY)
    assert wallet.default_id == saved_card(3).id


@pytest.mark.parametrize("trouble", ["declined", "expired"])
def test_a_further_one_is_the_default_where_the_old_one_cannot_be_charged(trouble: str) -> None:
    wallet, today = wallet_with(saved_card(1)), TODAY
    if trouble == "declined":
        wallet.decline(saved_card(1).id, payment_id=PAYMENT, reason="stolen_card", today=TODAY)
    else:
        today = LATER
    wallet.save(saved_card(2, expires_on=None), is_preferred=False, today=today)
    assert wallet.default_id == saved_card(2).id


def test_the_same_token_again_changes_nothing() -> None:
    again = saved_card(1, id=OTHER)
    given(wallet_with(saved_card(1))).when(
        lambda wallet: wallet.save(again, is_preferred=True, today=TODAY)
    ).then_nothing()


def test_the_same_card_under_another_token_takes_the_place_of_the_old_one() -> None:
    wallet = wallet_with(saved_card(1, fingerprint="f"), saved_card(2))
    wallet.save(saved_card(3, fingerprint="f"), is_preferred=False, today=TODAY)
    assert [*wallet.methods] == [saved_card(2).id, saved_card(3).id]
    assert wallet.default_id == saved_card(3).id


def test_a_card_that_was_declined_and_is_saved_anew_is_charged_again() -> None:
    wallet = wallet_with(saved_card(1, fingerprint="f"))
    wallet.decline(saved_card(1).id, payment_id=PAYMENT, reason="lost_card", today=TODAY)
    assert wallet.charged_automatically(TODAY) is None
    anew = saved_card(2, fingerprint="f")
    wallet.save(anew, is_preferred=False, today=TODAY)
    assert wallet.charged_automatically(TODAY) == anew


def test_there_is_an_end_to_how_many_are_saved() -> None:
    wallet = wallet_with(*(saved_card(n) for n in range(MOST_METHODS)))
    assert wallet.is_full
    given(wallet).when(
        lambda wallet: wallet.save(saved_card(99), is_preferred=False, today=TODAY)
    ).then_refused(TooManySavedMethods)


def test_without_the_default_nothing_is_charged_until_one_is_chosen() -> None:
    wallet = wallet_with(saved_card(1), saved_card(2))
    wallet.remove(saved_card(1).id, today=TODAY)
    assert wallet.charged_automatically(TODAY) is None
    wallet.choose_default(saved_card(2).id, today=TODAY)
    assert wallet.charged_automatically(TODAY) == saved_card(2)


def test_what_is_removed_twice_is_not_there() -> None:
    wallet = wallet_with(saved_card(1))
    wallet.remove(saved_card(1).id, today=TODAY)
    given(wallet).when(lambda w: w.remove(saved_card(1).id, today=TODAY)).then_refused(
        SavedMethodUnknown
    )
    assert wallet.forgotten[saved_card(1).id].token == saved_card(1).token


def test_the_switch_keeps_the_card() -> None:
    wallet = wallet_with(saved_card())
    wallet.switch_autopay(to_on=False)
    assert wallet.charged_automatically(TODAY) is None
    assert [*wallet.methods] == [saved_card().id]
    wallet.switch_autopay(to_on=True)
    assert wallet.charged_automatically(TODAY) == saved_card()


def test_the_switch_as_it_stands_already_changes_nothing() -> None:
    given(empty_wallet()).when(lambda w: w.switch_autopay(to_on=True)).then_nothing()


def test_the_default_that_is_chosen_again_stays() -> None:
    card = saved_card()
    given(wallet_with(card)).when(lambda w: w.choose_default(card.id, today=TODAY)).then_nothing()


def test_what_cannot_be_charged_is_no_default() -> None:
    wallet = wallet_with(saved_card(1), saved_card(2))
    wallet.decline(saved_card(2).id, payment_id=PAYMENT, reason="stolen_card", today=TODAY)
    given(wallet).when(lambda w: w.choose_default(saved_card(2).id, today=TODAY)).then_refused(
        SavedMethodUnusable
    )
    given(wallet).when(lambda w: w.choose_default(OTHER, today=TODAY)).then_refused(
        SavedMethodUnknown
    )


def test_a_card_is_charged_on_its_last_day_and_not_after() -> None:
    ends = date(2026, 12, 31)
    wallet = wallet_with(saved_card(expires_on=ends))
    assert wallet.charged_automatically(ends)
    assert wallet.charged_automatically(ends + timedelta(days=1)) is None


def test_a_hard_decline_is_noted_once() -> None:
    card = saved_card()
    said = {"payment_id": PAYMENT, "reason": "stolen_card", "declined_on": TODAY}
    wallet = (
        given(wallet_with(card))
        .when(lambda w: w.decline(card.id, payment_id=PAYMENT, reason="stolen_card", today=TODAY))
        .then((Wallet.MethodDeclined, {"method_id": card.id, **said}))
    )
    given_again = rebuilt(wallet_declined())
    given_again.decline(card.id, payment_id=OTHER, reason="lost_card", today=TODAY)
    assert given_again.pending_events == []
    assert wallet.methods[card.id].decline == "stolen_card"


def wallet_declined() -> Wallet:
    wallet = wallet_with(saved_card())
    wallet.decline(saved_card().id, payment_id=PAYMENT, reason="stolen_card", today=TODAY)
    return wallet


def test_a_decline_of_what_was_removed_meanwhile_changes_nothing() -> None:
    given(empty_wallet()).when(
        lambda w: w.decline(OTHER, payment_id=PAYMENT, reason="stolen_card", today=TODAY)
    ).then_nothing()


def test_its_holder_is_told_of_an_expiry_once() -> None:
    card = saved_card()
    wallet = wallet_with(card)
    wallet.notice_expiry(card.id, WHY)
    wallet.notice_expiry(card.id, WHY)
    wallet.notice_expiry(OTHER, WHY)
    told = [e for e in wallet.pending_events if isinstance(e, Wallet.ExpiryNoticed)]
    assert [(e.method_id, e.expires_on) for e in told] == [(card.id, card.expires_on)]


def test_what_does_not_expire_is_not_told_of() -> None:
    wallet = wallet_with(saved_card(expires_on=None))
    given(wallet).when(lambda w: w.notice_expiry(saved_card().id, WHY)).then_nothing()


def test_no_token_leaves_the_house() -> None:
    wallet = wallet_declined()
    wallet.notice_expiry(saved_card().id, WHY)
    wallet.remove(saved_card().id, today=TODAY)
    said = [repr(publish(event, wallet)) for event in wallet.pending_events]
    assert saved_card().token and not [text for text in said if saved_card().token in text]


# ------------------------------------------------------------------------------ the setup page


def test_a_setup_ends_once() -> None:
    setup = wanted_setup()
    setup.mark_opened("seti_1")
    setup.mark_opened("seti_1")
    setup.end("saved")
    setup.end("failed", reason="late")
    setup.mark_opened("seti_2")
    assert [type(e) for e in setup.pending_events] == [
        MethodSetup.Wanted,
        MethodSetup.Opened,
        MethodSetup.Ended,
    ]
    assert (setup.outcome, setup.gateway_reference) == ("saved", "seti_1")


# ------------------------------------------------------------------------------ in any order

IDS = st.integers(1, 5)


class AWallet(RuleBasedStateMachine):
    """Beside a model: what is saved, which is the default, which were declined."""

    @initialize()
    def open(self) -> None:
        self.wallet = Wallet.open(account_id=ACCOUNT, brand="ponto")
        self.saved: dict[UUID, SavedMethod] = {}
        self.declined: set[UUID] = set()
        self.is_on = True

    def _done(self, work: Any) -> bool:
        try:
            work()
        except DomainError:
            return False
        return True

    @rule(number=IDS, is_preferred=st.booleans(), lasts=st.booleans())
    def save(self, number: int, is_preferred: bool, lasts: bool) -> None:
        card = saved_card(number, expires_on=None if lasts else TODAY - timedelta(days=1))
        self.wallet.save(card, is_preferred=is_preferred, today=TODAY)
        if card.id not in self.saved:
            self.declined.discard(card.id)
        self.saved.setdefault(card.id, card)

    @rule(number=IDS)
    def remove(self, number: int) -> None:
        id = saved_card(number).id
        assert self._done(lambda: self.wallet.remove(id, today=TODAY)) == (id in self.saved)
        self.saved.pop(id, None)

    @rule(number=IDS)
    def decline(self, number: int) -> None:
        id = saved_card(number).id
        self.wallet.decline(id, payment_id=PAYMENT, reason="stolen_card", today=TODAY)
        if id in self.saved:
            self.declined.add(id)

    @rule(number=IDS)
    def choose(self, number: int) -> None:
        id = saved_card(number).id
        is_chosen = self._done(lambda: self.wallet.choose_default(id, today=TODAY))
        assert is_chosen == self._is_usable(id)

    @rule(to_on=st.booleans())
    def switch(self, to_on: bool) -> None:
        self.wallet.switch_autopay(to_on=to_on)
        self.is_on = to_on

    def _is_usable(self, id: UUID) -> bool:
        card = self.saved.get(id)
        return card is not None and card.expires_on is None and id not in self.declined

    @invariant()
    def what_is_charged_is_the_default_and_may_be(self) -> None:
        assert set(self.wallet.methods) == set(self.saved)
        assert self.wallet.default_id is None or self.wallet.default_id in self.saved
        charged = self.wallet.charged_automatically(TODAY)
        if charged is None:
            default = self.wallet.default_id
            assert not self.is_on or default is None or not self._is_usable(default)
        else:
            assert self.is_on and charged.id == self.wallet.default_id
            assert self._is_usable(charged.id)

    def teardown(self) -> None:
        live, again = dict(vars(self.wallet)), dict(vars(rebuilt(self.wallet)))
        del live["_pending_events"], again["_pending_events"]
        assert live == again


TestWallet = AWallet.TestCase
TestWallet.settings = settings(max_examples=300, stateful_step_count=15, deadline=None)
