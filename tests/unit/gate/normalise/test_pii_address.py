"""Street addresses and postal codes of the four markets."""

import pytest

from tests.unit.gate.normalise.pii_table import found

# (text, region, what is found)
WRITTEN: list[tuple[str, str, list[tuple[str, str]]]] = [
    (
        "Visit: 14 Station Road, Leeds LS1 4DY",
        "GB",
        [("address", "14 Station Road, Leeds LS1 4DY"), ("postcode", "LS1 4DY")],
    ),
    (
        "Collect from Unit 6, Riverside Industrial Estate, Hull HU3 2XX",
        "GB",
        [("address", "Unit 6, Riverside Industrial Estate, Hull HU3 2XX"), ("postcode", "HU3 2XX")],
    ),
    ("12 The Shambles, York YO1 7LX", "GB", [("address", "12 The Shambles, York YO1 7LX"), ("postcode", "YO1 7LX")]),
    ("Shipping to zip codes 94110, 94112 or 94117", "US", [("postcode", f"941{n}") for n in (10, 12, 17)]),
    ("6 Mill Street, Kanturk, Co. Cork", "EU", [("address", "6 Mill Street, Kanturk, Co. Cork")]),
    ("Hill Farm, Co. Carlow R93 E2X4", "EU", [("postcode", "R93 E2X4")]),
    ("5 St John's Road, Ely CB6 3BG", "GB", [("address", "5 St John's Road, Ely CB6 3BG"), ("postcode", "CB6 3BG")]),
    (
        "Farm shop: 3 New Street, Banbridge, Co. Down BT32 3AA",
        "GB",
        [("address", "3 New Street, Banbridge, Co. Down BT32 3AA"), ("postcode", "BT32 3AA")],
    ),
    ("We deliver to SW1A 1AA", "GB", [("postcode", "SW1A 1AA")]),
    (
        "1600 Elm Avenue, Austin, Texas 78701",
        "US",
        [("address", "1600 Elm Avenue, Austin, Texas 78701"), ("postcode", "78701")],
    ),
    (
        "Pick up at 77 W 3rd St, Suite 200, Chicago, IL 60601-1234",
        "US",
        [("address", "77 W 3rd St, Suite 200, Chicago, IL 60601-1234"), ("postcode", "60601-1234")],
    ),
    (
        "Joe's Diner, 9 Harbor Blvd, Oxnard CA 93035",
        "US",
        [("address", "9 Harbor Blvd, Oxnard CA 93035"), ("postcode", "93035")],
    ),
    (
        "1 Apple Hollow, Cupertino, CA 95014",
        "US",
        [("address", "1 Apple Hollow, Cupertino, CA 95014"), ("postcode", "95014")],
    ),
    ("P.O. Box 442, Dayton, OH 45402", "US", [("address", "P.O. Box 442, Dayton, OH 45402"), ("postcode", "45402")]),
    ("Made in Portland, OR 97201", "US", [("postcode", "97201")]),
    (
        "Flat 302, Shanti Niwas, Link Road, Andheri West, Mumbai - 400053",
        "IN",
        [("address", "Flat 302, Shanti Niwas, Link Road, Andheri West, Mumbai - 400053"), ("postcode", "400053")],
    ),
    (
        "Address: 45/2, 3rd Cross, Indiranagar, Bengaluru 560 038",
        "IN",
        [("address", "45/2, 3rd Cross, Indiranagar, Bengaluru 560 038"), ("postcode", "560 038")],
    ),
    (
        "Mfd by: ABC Foods, Plot No. 18, Sector 7, Noida, UP 201301",
        "IN",
        [("address", "Plot No. 18, Sector 7, Noida, UP 201301"), ("postcode", "201301")],
    ),
    (
        "Kitchen at 2nd Floor, Sunrise Complex, near Metro Station, Kochi",
        "IN",
        [("address", "2nd Floor, Sunrise Complex, near Metro Station, Kochi")],
    ),
    ("Delivering to Pincode 110016 only", "IN", [("postcode", "110016")]),
    (
        "shop no 7, gandhi road, nagpur 440001",
        "IN",
        [("address", "shop no 7, gandhi road, nagpur 440001"), ("postcode", "440001")],
    ),
    (
        "पता: दुकान नं. 5, गांधी मार्ग, पुणे 411030",
        "IN",
        [("address", "दुकान नं. 5, गांधी मार्ग, पुणे 411030"), ("postcode", "411030")],
    ),
    (
        "Opp. City Mall, SV Road, Malad West, Mumbai 400064",
        "IN",
        [("address", "Opp. City Mall, SV Road, Malad West, Mumbai 400064"), ("postcode", "400064")],
    ),
    ("Hauptstraße 5, 10115 Berlin", "EU", [("address", "Hauptstraße 5, 10115 Berlin"), ("postcode", "10115")]),
    (
        "Gasthaus Krone, Am Markt 12, 04109 Leipzig",
        "EU",
        [("address", "Am Markt 12, 04109 Leipzig"), ("postcode", "04109")],
    ),
    (
        "Besuchen Sie uns: Berliner Str. 44a, 60311 Frankfurt am Main",
        "EU",
        [("address", "Berliner Str. 44a, 60311 Frankfurt am Main"), ("postcode", "60311")],
    ),
    ("Via Roma 12, 00184 Roma", "EU", [("address", "Via Roma 12, 00184 Roma"), ("postcode", "00184")]),
    (
        "Trattoria da Gino, via dei Mille, 7 - 50131 Firenze",
        "EU",
        [("address", "via dei Mille, 7 - 50131 Firenze"), ("postcode", "50131")],
    ),
    ("Calle Mayor 3, 28013 Madrid", "EU", [("address", "Calle Mayor 3, 28013 Madrid"), ("postcode", "28013")]),
    (
        "Avda. de la Constitución 12, 41001 Sevilla",
        "EU",
        [("address", "Avda. de la Constitución 12, 41001 Sevilla"), ("postcode", "41001")],
    ),
    (
        "8 bis, avenue des Ternes, 75017 Paris",
        "EU",
        [("address", "8 bis, avenue des Ternes, 75017 Paris"), ("postcode", "75017")],
    ),
    (
        "Keizersgracht 123, 1015 CJ Amsterdam",
        "EU",
        [("address", "Keizersgracht 123, 1015 CJ Amsterdam"), ("postcode", "1015 CJ")],
    ),
    (
        "5 Main Street, Galway, H91 E2K3",
        "EU",
        [("address", "5 Main Street, Galway, H91 E2K3"), ("postcode", "H91 E2K3")],
    ),
    ("C/ Alcalá 20, Madrid", "EU", [("address", "C/ Alcalá 20, Madrid")]),
    (
        "Plot 7B, Industrial Area Phase 2, Chandigarh 160002",
        "IN",
        [("address", "Plot 7B, Industrial Area Phase 2, Chandigarh 160002"), ("postcode", "160002")],
    ),
    (
        "Pick-up: G-12, Lajpat Nagar II, New Delhi-110024",
        "IN",
        [("address", "G-12, Lajpat Nagar II, New Delhi-110024"), ("postcode", "110024")],
    ),
    (
        "H.No. 8-2-120, Road No. 2, Banjara Hills, Hyderabad - 500034",
        "IN",
        [("address", "H.No. 8-2-120, Road No. 2, Banjara Hills, Hyderabad - 500034"), ("postcode", "500034")],
    ),
    (
        "Location - 221, Linking Road, Bandra (W), Mumbai 50",
        "IN",
        [("address", "221, Linking Road, Bandra (W), Mumbai")],
    ),
    (
        "No. 15, Brigade Road, Bangalore - 560025, Ph: 080 2558 1234",
        "IN",
        [("address", "No. 15, Brigade Road, Bangalore - 560025"), ("postcode", "560025"), ("phone", "080 2558 1234")],
    ),
    (
        "Dist. by Acme Foods, 500 Commerce Way, Suite B, Reno, NV 89502",
        "US",
        [("address", "500 Commerce Way, Suite B, Reno, NV 89502"), ("postcode", "89502")],
    ),
    (
        "Farm Stand, 88 County Road 12, Salem, OR 97301",
        "US",
        [("address", "88 County Road 12, Salem, OR 97301"), ("postcode", "97301")],
    ),
    ("Brooklyn, NY 11201", "US", [("postcode", "11201")]),
    ("742 Evergreen Terrace, Springfield", "US", [("address", "742 Evergreen Terrace, Springfield")]),
    ("come by 18 Oak St., open til 9", "US", [("address", "18 Oak St")]),
    (
        "Pop in: 22A Market Place, Wells, Somerset BA5 2RB",
        "GB",
        [("address", "22A Market Place, Wells, Somerset BA5 2RB"), ("postcode", "BA5 2RB")],
    ),
    (
        "Return to: Freepost, Tasty Foods Ltd, PO Box 99, Leeds, LS98 1AA",
        "GB",
        [("address", "PO Box 99, Leeds, LS98 1AA"), ("postcode", "LS98 1AA")],
    ),
    (
        "Hofladen Müller, Dorfstr. 12, 86199 Augsburg, info@hof-mueller.example",
        "EU",
        [("address", "Dorfstr. 12, 86199 Augsburg"), ("postcode", "86199"), ("email", "info@hof-mueller.example")],
    ),
    (
        "Boulangerie Martin - 14 rue du Bac - 75007 Paris",
        "EU",
        [("address", "14 rue du Bac - 75007 Paris"), ("postcode", "75007")],
    ),
    (
        "Plaza de España, 8, 1ºB, 50001 Zaragoza",
        "EU",
        [("address", "Plaza de España, 8, 1ºB, 50001 Zaragoza"), ("postcode", "50001")],
    ),
    (
        "Corso Garibaldi 45/a 20121 Milano (MI)",
        "EU",
        [("address", "Corso Garibaldi 45/a 20121 Milano (MI)"), ("postcode", "20121")],
    ),
    ("Piazza del Duomo 1, Firenze", "EU", [("address", "Piazza del Duomo 1, Firenze")]),
    ("Mariahilfer Straße 88, 1070 Wien", "EU", [("address", "Mariahilfer Straße 88, 1070 Wien"), ("postcode", "1070")]),
    ("12 Quay Street, Galway", "EU", [("address", "12 Quay Street, Galway")]),
    (
        "Unter den Linden 77, 10117 Berlin",
        "EU",
        [("address", "Unter den Linden 77, 10117 Berlin"), ("postcode", "10117")],
    ),
    ("Retrouvez-nous au 3, place du Marché à Lyon", "EU", [("address", "3, place du Marché")]),
]


@pytest.mark.parametrize(("text", "region", "expected"), WRITTEN)
def test_an_address_is_read_from_its_number_to_its_postcode(text, region, expected):
    assert found(text, region) == sorted(expected)
