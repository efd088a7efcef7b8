"""UPI ids: a name, `@`, and the handle of a payment app or bank, which has no dot."""

import re

#: Handles of payment apps and banks on the UPI network (the list grows; words around an id help with new ones).
_HANDLES = frozenset(
    """
    upi ybl ibl axl paytm ptaxis ptyes pthdfc ptsbi okaxis okhdfcbank okicici oksbi apl yapl rapl waaxis wahdfcbank
    waicici wasbi sbi hdfcbank icici axisbank axis kotak kmbl indus idfcbank idfcfirst federal fbl freecharge ikwik
    airtel airtelpaymentsbank jio jupiteraxis fam famgpay fampay slice naviaxis yescred axisb yesbank yesbankltd
    ybank pnb boi bob barodampay cnrb canarabank centralbank cbin unionbank unionbankofindia uboi uco indianbank iob
    idbi mahb psb rbl rblbank dbs dlb kbl kvb cub csbpay hsbc sc scb citi citigold equitas aubank au tmb kjsb
    postbank pingpay timecosmos abfspay amazonpay goaxb pockets payzapp hdfcbankjd eazypay myicici imobile sib
    superyes oneyes yesg yespay tapicici trans niyoicici okbizaxis okbizicici mairtel mahagrambank bandhan dcb nsdl
    obc jkb finobank ezeepay
    """.split()
)
_SPEAKS_OF_UPI = re.compile(
    r"\b(?:upi|vpa|g-?pay|google pay|phone ?pe|paytm|bhim|qr|scan|pay|paying|payment|payments|bhugtan)\b|यूपीआई|भुगतान",
    re.IGNORECASE,
)


def is_upi_handle(handle: str) -> bool:
    """Whether the part behind `@` is a payment handle."""
    return handle.lower() in _HANDLES


def speaks_of_upi(text: str, start: int, end: int) -> bool:
    """Whether the words near `text[start:end]` are about paying by UPI."""
    return bool(_SPEAKS_OF_UPI.search(text[max(0, start - 32) : start]) or _SPEAKS_OF_UPI.search(text[end : end + 16]))
