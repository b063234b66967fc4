"""Which column holds what, by format and bank. Columns are counted from 1, both ends included.

Sources: FEBRABAN, Layout Padrão CNAB 240, cobrança, segments T and U; the manuals of the banks:
Itaú, Cobrança CNAB 400 and Cobrança FEBRABAN 240; Bradesco, 4008-524-0121; Banco do Brasil, Doc2628
CBR643; Santander, H7815; Caixa, CNAB 240 and 400 SIGCB; other banks as brcobranca reads them.
"""

from services.billing.cnab.record import Layout

COLUMNS_240 = 240
COLUMNS_400 = 400

HEADER_240: Layout = {
    "bank": (1, 3),
    "batch": (4, 7),
    "type": (8, 8),
    "company": (73, 102),
    "written_on": (144, 151),
    "sequence": (158, 163),
}

BATCH_240: Layout = {
    "bank": (1, 3),
    "batch": (4, 7),
    "type": (8, 8),
    "operation": (9, 9),
    "service": (10, 11),
    "records": (18, 23),
}
"""Header (1) and trailer (5) of a batch."""

TRAILER_240: Layout = {"bank": (1, 3), "batch": (4, 7), "type": (8, 8), "records": (24, 29)}

SEGMENT_T: Layout = {
    "bank": (1, 3),
    "batch": (4, 7),
    "type": (8, 8),
    "sequence": (9, 13),
    "segment": (14, 14),
    "code": (16, 17),
    "branch": (18, 23),
    "account": (24, 36),
    "own_number": (38, 57),
    "wallet": (58, 58),
    "document": (59, 73),
    "due_on": (74, 81),
    "amount": (82, 96),
    "receiving_bank": (97, 99),
    "receiving_branch": (100, 105),
    "company_use": (106, 130),
    "fee": (199, 213),
    "reasons": (214, 223),
}

SEGMENT_U: Layout = {
    "bank": (1, 3),
    "batch": (4, 7),
    "type": (8, 8),
    "sequence": (9, 13),
    "segment": (14, 14),
    "code": (16, 17),
    "interest": (18, 32),
    "discount": (33, 47),
    "rebate": (48, 62),
    "tax": (63, 77),
    "received": (78, 92),
    "credited": (93, 107),
    "other_expenses": (108, 122),
    "other_credits": (123, 137),
    "occurred_on": (138, 145),
    "credited_on": (146, 153),
}

SEGMENTS_T: dict[str, Layout] = {
    "033": {
        **SEGMENT_T,
        "branch": (18, 22),
        "account": (23, 32),
        "own_number": (41, 53),
        "wallet": (54, 54),
        "document": (55, 69),
        "due_on": (70, 77),
        "amount": (78, 92),
        "receiving_bank": (93, 95),
        "receiving_branch": (96, 100),
        "company_use": (101, 125),
        "fee": (194, 208),
        "reasons": (209, 218),
    },
    "104": {**SEGMENT_T, "account": (24, 30), "own_number": (40, 56), "document": (59, 69)},
    "237": {**SEGMENT_T, "own_number": (46, 57), "wallet": (38, 40)},
    "341": {
        **SEGMENT_T,
        "branch": (19, 22),
        "account": (31, 37),
        "own_number": (41, 48),
        "wallet": (38, 40),
        "document": (59, 68),
        "reasons": (214, 221),
    },
    "756": {**SEGMENT_T, "own_number": (38, 47)},
}
"""Banks that use segment T in a way of their own; all others follow FEBRABAN's."""

HEADER_400: Layout = {
    "type": (1, 1),
    "direction": (2, 2),
    "word": (3, 9),
    "service": (10, 11),
    "company": (47, 76),
    "bank": (77, 79),
    "written_on": (95, 100),
}

TRAILER_400: Layout = {"type": (1, 1), "bank": (5, 7), "sequence": (395, 400)}

DETAIL_400: Layout = {
    "type": (1, 1),
    "company_use": (38, 62),
    "own_number": (63, 70),
    "wallet": (108, 108),
    "code": (109, 110),
    "occurred_on": (111, 116),
    "document": (117, 126),
    "due_on": (147, 152),
    "amount": (153, 165),
    "receiving_bank": (166, 168),
    "receiving_branch": (169, 173),
    "fee": (176, 188),
    "other_expenses": (189, 201),
    "tax": (215, 227),
    "rebate": (228, 240),
    "discount": (241, 253),
    "received": (254, 266),
    "interest": (267, 279),
    "other_credits": (280, 292),
    "credited_on": (296, 301),
    "sequence": (395, 400),
}
"""What the banks have in common; each says the rest below."""

DETAILS_400: dict[str, Layout] = {
    "001": {
        **DETAIL_400,
        "branch": (18, 22),
        "account": (23, 31),
        "company_use": (39, 63),
        "own_number": (64, 80),
        "reasons": (87, 88),
        "wallet": (107, 108),
        "credited_on": (176, 181),
        "fee": (182, 188),
        "credited": (306, 318),
    },
    "033": {**DETAIL_400, "branch": (18, 21), "account": (22, 29), "reasons": (137, 145)},
    "004": {**DETAIL_400, "branch": (18, 21), "account": (24, 31)},
    "041": {
        **DETAIL_400,
        "branch": (18, 21),
        "account": (22, 30),
        "own_number": (63, 72),
        "reasons": (383, 392),
    },
    "070": {
        **DETAIL_400,
        "account": (21, 37),
        "own_number": (71, 82),
        "occurred_on": (111, 118),
        "document": (119, 128),
        "due_on": (149, 156),
        "amount": (157, 169),
        "receiving_bank": (170, 172),
        "receiving_branch": (173, 177),
        "fee": (180, 192),
        "other_expenses": (193, 205),
        "tax": (219, 231),
        "rebate": (232, 244),
        "discount": (245, 257),
        "received": (258, 270),
        "interest": (271, 283),
        "other_credits": (284, 296),
        "credited_on": (300, 307),
    },
    "104": {
        **{field: place for field, place in DETAIL_400.items() if field != "other_credits"},
        "branch": (18, 21),
        "account": (22, 27),
        "company_use": (32, 56),
        "own_number": (57, 73),
        "reasons": (80, 82),
        "wallet": (107, 108),
        "fine": (280, 292),
        "credited_on": (294, 299),
    },
    "136": {
        **DETAIL_400,
        "branch": (18, 21),
        "account": (22, 29),
        "reasons": (319, 320),
        "credited_on": (176, 181),
        "fee": (182, 188),
    },
    "237": {
        **DETAIL_400,
        "wallet": (22, 24),
        "branch": (25, 29),
        "account": (30, 37),
        "own_number": (71, 82),
        "reasons": (319, 328),
    },
    "341": {
        **DETAIL_400,
        "branch": (18, 21),
        "account": (24, 29),
        "wallet": (83, 85),
        "reasons": (378, 385),
    },
}

DETAIL_TYPES_400 = {"001": "7"}
"""The type of a detail where it is not 1."""

WRITTEN_ON_400: dict[str, tuple[int, int]] = {"070": (95, 102)}
"""Where a header's date is not of six digits."""

REASON_DIGITS_400 = {"033": 3, "104": 3}
"""Digits of a reason where they are not two."""

RECEIVED_MAY_BE_NET = frozenset({"033", "341"})
"""Banks whose files of 400 columns give what was credited, with or without the fee taken off."""
