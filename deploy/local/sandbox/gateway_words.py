"""The words of the hosted payment page, in Portuguese and English."""

ENGLISH = {
    "locale": "en",
    "title": "Secure payment",
    "sandbox": "Test mode: no money moves",
    "to_pay": "Amount to pay",
    "choose": "Choose what happens",
    "approve": "Approve the payment",
    "decline": "Decline the card",
    "hang": "Hang",
    "hang_hint": "The page never answers; the payment stays pending.",
    "early": "Approve, webhook first",
    "early_hint": "The merchant hears of it before your browser does.",
    "pending": "This payment is being processed. You can still decide it here.",
    "decided": "This payment is finished.",
    "succeeded": "Paid",
    "failed": "Declined",
    "expired": "Expired",
    "back": "Back to the shop",
    "reference": "Reference",
    "decline_hard": "Decline for good: stolen card",
    "hang_after": "Approve, then hang",
    "lost": "Approve, webhook lost",
    "fifty": "Approve, webhook fifty times",
    "wrong": "Approve another amount",
    "dispute": "Approve; disputed days later",
    "more": "What else may happen",
    "save_title": "Save a card",
    "later": "Save a card whose later charges",
    "later_approve": "are approved",
    "later_decline": "are declined for now",
    "later_decline_hard": "are declined for good",
    "later_confirm": "want the payer to confirm",
}
PORTUGUESE = {
    "locale": "pt_BR",
    "title": "Pagamento seguro",
    "sandbox": "Modo de teste: nenhum valor é cobrado",
    "to_pay": "Valor a pagar",
    "choose": "Escolha o que acontece",
    "approve": "Aprovar o pagamento",
    "decline": "Recusar o cartão",
    "hang": "Travar",
    "hang_hint": "A página nunca responde; o pagamento fica pendente.",
    "early": "Aprovar, webhook primeiro",
    "early_hint": "A loja é avisada antes do seu navegador.",
    "pending": "Este pagamento está em processamento. Você ainda pode decidi-lo aqui.",
    "decided": "Este pagamento já foi concluído.",
    "succeeded": "Pago",
    "failed": "Recusado",
    "expired": "Expirado",
    "back": "Voltar à loja",
    "reference": "Referência",
    "decline_hard": "Recusar de vez: cartão roubado",
    "hang_after": "Aprovar e travar",
    "lost": "Aprovar, aviso perdido",
    "fifty": "Aprovar, aviso cinquenta vezes",
    "wrong": "Aprovar outro valor",
    "dispute": "Aprovar; contestado dias depois",
    "more": "O que mais pode acontecer",
    "save_title": "Salvar um cartão",
    "later": "Salvar um cartão cujas cobranças futuras",
    "later_approve": "são aprovadas",
    "later_decline": "são recusadas por enquanto",
    "later_decline_hard": "são recusadas de vez",
    "later_confirm": "pedem confirmação do pagador",
}


def words_for(accept_language: str) -> dict[str, str]:
    """Portuguese for a browser that prefers it, else English.

    >>> words_for("pt-BR,pt;q=0.9,en;q=0.8")["locale"]
    'pt_BR'
    """
    return PORTUGUESE if accept_language.lower().startswith("pt") else ENGLISH
