"""What the words around a number say it is: a telephone number, some other number, or nothing.

The nearest telling word before the number decides; a word such as "fax" or "WhatsApp" right behind it helps as well.
"""

import re
from enum import Enum


class Purpose(Enum):
    """What a number is said to be."""

    PHONE = 1
    OTHER = 2
    UNSAID = 3
    COUNTED = 4  # "order 0161 ...": the order's own number, unless it is written as telephone numbers are


_PHONE_WORDS = frozenset(
    """
    tel tele telephone phone phones ph phn mob mobile mobiles cell cellphone call calls calling whatsapp whatsap
    wapp wa contact contacts contactus fax text txt sms ring dial helpline hotline helpdesk care tollfree toll
    landline booking bookings reservation reservations reserve enquiries enquiry inquiries feedback complaint
    complaints delivery deliveries takeaway takeout carryout signal telegram viber callus telefon telefonnummer fon
    handy mobil mobilnummer ruf rufnummer bestellung bestellungen bestellhotline tischreservierung
    tischreservierungen reservierung reservierungen anrufen anruf erreichbar lieferservice verbraucherservice
    kundenservice tél télé téléphone telephonez téléphonez portable appel appelez appeler appelle réservation
    réservations réserver commande commandes commandez consommateurs consommateur joindre teléfono telefono tfno tlf
    tlfn móvil movil llame llama llamar llámanos llamanos llámenos reserva reservas pedido pedidos contacto cliente
    cellulare chiama chiamaci chiamate chiamare telefonare telefona prenotazione prenotazioni prenota ordinazioni
    contatti contattaci consumatori asporto domicilio telefoon bel bellen bestellen reserveren sampark karein संपर्क
    सम्पर्क फोन फ़ोन मोबाइल मोबाईल कॉल व्हाट्सएप व्हाट्सऐप व्हाट्सअप वाट्सएप दूरभाष टेलीफोन हेल्पलाइन
    """.split()
)
#: One-letter labels count only with their sign: "t: 020 ...", "M. 98...".
_LETTER_LABEL = re.compile(r"(?<![^\W_])[tTmMfFpPcC] ?[:.] ?\(?\+?$")
_PHONE_SIGNS = re.compile("[\u260e\u260f\u2706\U0001f4de\U0001f4f1\U0001f4f2\U0001f919\U0001f57b\U0001f57c-\U0001f57f]")

_OTHER_WORDS = frozenset(
    """
    fssai lic licence license gstin gst gstno cin hsn sac gtin gtins ean upc barcode barcodes code codes coupon
    promo voucher sku asin isbn lot lots batch los charge chargen losnummer lotto lote lotes partita mhd dluo ddm
    tmc mrp rs inr usd eur gbp price prices kcal kj calories exp expiry mfg mfd pkd account acct ifsc aadhaar aadhar
    aadhaarno uid pan vitamin udyam reg regn registration registered patent tin vat ust ustid siret siren rcs naf
    cif iva hrb lucid iec invoice receipt serial tracking awb pnr pin pincode pincodes zip plz bin eori crn weight
    आधार लाइसेंस लाइसेन्स
    """.split()
)
#: These name another number only when "number", "no", "id" or "#" stands with them, or when nothing else does.
_COUNTED_WORDS = frozenset(
    "order orders bill table token ticket article art item room file product stock model ref reference "
    "invoice customer bestellnummer artikel artikelnummer tisch commande référence pedido pedidos ordine ordini "
    "articolo company stall style bestellung bestell kunden kunde auftrag auftrags rechnung rechnungs "
    "rechnungsnr sendung lieferschein commandes facture colis client cliente factura albarán envío fattura "
    "factuur klant bestelling parcel receipt tickets booking job".split()
)
#: What one orders by telephone as well: such a word leaves a number in the form of a telephone number alone.
_ORDER_WORDS = frozenset(
    "order ticket table commande pedido ordine bestellung bestelling booking stall company".split()
)
_ORDERS = frozenset("orders tickets pedidos ordini commandes".split())
_NUMBER_WORDS = frozenset("no nos nr nro num number numbers nummer numéro número numero id n nº º".split())
#: "Kundennummer", "Artikelnr": German and Dutch name what is counted in one word.
_NUMBER_ENDINGS = ("nummer", "nummern", "nummers", "nr")
_TELEPHONE_BEGINNINGS = (
    "tel",
    "ruf",
    "mobil",
    "mobiel",
    "handy",
    "fax",
    "whatsapp",
    "notruf",
    "hotline",
    "service",
    "gsm",
)

_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0900-\u0963\u200c\u200d])*|\d+|#")
_CURRENCY_BEFORE = re.compile(r"(?:[₹$€£¥#]|\b(?:Rs|INR|MRP|USD|EUR|GBP))\.? ?$")
_LOOK_BACK = 48
_LOOK_AHEAD = 24
_NEAR = 4


def purpose(text: str, start: int, end: int) -> Purpose:
    """What `text[start:end]`, a number, is said to be."""
    before = text[max(0, start - _LOOK_BACK) : start]
    if _CURRENCY_BEFORE.search(before[-6:]):
        return Purpose.OTHER
    said = _said_before(before)
    if said is Purpose.UNSAID and _said_after(text[end : end + _LOOK_AHEAD]):
        return Purpose.PHONE
    return said


def _said_before(before: str) -> Purpose:
    if _LETTER_LABEL.search(before[-6:]) or _PHONE_SIGNS.search(before[-8:]):
        return Purpose.PHONE
    words = _WORD.findall(before.lower())
    seen_number = False
    counted = Purpose.UNSAID
    for distance, word in enumerate(reversed(words)):
        near = not seen_number and distance <= _NEAR
        if near and word in _COUNTED_WORDS:
            if _is_numbered(words, distance):
                return Purpose.OTHER
            if distance == 0 and _is_counted(words, before):
                counted = Purpose.COUNTED if word in _ORDER_WORDS else Purpose.OTHER
                continue
        if word in _PHONE_WORDS:
            # "delivery order 1234": a counted word nearer by speaks for itself
            return Purpose.PHONE if counted is Purpose.UNSAID or seen_number else counted
        if word[0].isdigit():
            seen_number = True
        elif near and (word in _OTHER_WORDS or (word == "#" and distance == 0) or _names_a_number(word)):
            return Purpose.OTHER
    return counted


def _is_numbered(words: list[str], distance: int) -> bool:
    """Whether the word `distance` words back is numbered ("order no. 1024", "numéro de commande 1024")."""
    behind = words[-distance:][:2] if distance else []
    if any(word in _NUMBER_WORDS or word == "#" for word in behind):
        return True
    return distance == 0 and words[-1] not in _ORDERS and not _NUMBER_WORDS.isdisjoint(words[-3:-1])


def _is_counted(words: list[str], before: str) -> bool:
    """Whether the number belongs to the last word: "order 1024", but not "orders 0161 ..." or "to order 0161 ..."."""
    if words[-1] in _ORDERS or before.rstrip().endswith(":"):
        return False
    return len(words) < 2 or words[-2] not in ("to", "for", "pour", "zur", "per")


def _names_a_number(word: str) -> bool:
    return len(word) > 5 and word.endswith(_NUMBER_ENDINGS) and not word.startswith(_TELEPHONE_BEGINNINGS)


def _said_after(after: str) -> bool:
    words = _WORD.findall(after.partition("\n")[0].lower())[:3]
    if any(word[0].isdigit() for word in words):
        return False  # the word belongs to the next number
    return any(word in _AFTER_WORDS for word in words)


_AFTER_WORDS = frozenset(
    "whatsapp mobile mob toll tollfree gebührenfrei gratuit fax tel phone helpline hotline landline sms".split()
)
