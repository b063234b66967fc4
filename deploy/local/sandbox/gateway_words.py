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
}


def words_for(accept_language: str) -> dict[str, str]:
    """Portuguese for a browser that prefers it, else English.

    >>> words_for("pt-BR,pt;q=0.9,en;q=0.8")["locale"]
    'pt_BR'
    """
    return PORTUGUESE if accept_language.lower().startswith("pt") else ENGLISH
