"""Words that addresses of the four markets are made of."""

#: Street types that are hardly anything else, and those that are other words too (a menu has squares and places).
STREET_TYPES = (
    "Street Road Rd Avenue Ave Boulevard Blvd Lane Ln Highway Hwy Parkway Pkwy Expressway Turnpike Marg Nagar "
    "Salai Galli Gali Chowk Bypass Terrace Crescent Mews Quay Drive Dr Pl Cir Ct Sarani Veethi Rasta Pike Wharf "
    "Embankment Esplanade Close Broadway Cres"
).split()
WEAK_STREET_TYPES = (
    "St Way Place Court Square Sq Circle Row Hill Parade Gardens Green Grove Walk Main Cross Market Bazaar Bazar "
    "Colony Sector Layout Phase Enclave Vihar Block Park View Rise Loop Trail Path Plaza Gate Yard Bridge Circus "
    "Estate Wharf Stage Peth Wadi Pada Ring Mall"
).split()
INDIC_STREET_TYPES = "मार्ग रोड सड़क नगर गली चौक बाज़ार बाजार स्ट्रीट कॉलोनी".split()

ROMANCE_TYPES = (
    "rue avenue av boulevard bd bld place chemin allée allee quai impasse route cours passage square faubourg "
    "villa sentier via viale piazza piazzale corso largo vicolo strada lungomare contrada calle c/ avenida avda "
    "avd plaza pza paseo pº carrer carretera ctra ronda rambla travesía camino glorieta cl rua praça"
).split()
GERMANIC_ENDINGS = (
    "straße strasse str weg platz gasse allee ufer damm ring markt steig chaussee promenade hof graben berg "
    "steinweg straat laan gracht plein kade singel dijk steeg"
).split()
STRONG_GERMANIC_ENDINGS = frozenset(
    "straße strasse str weg platz gasse allee chaussee straat laan gracht plein kade".split()
)

UNIT_WORDS = (
    r"Shop|Flat|Plot|Unit|Gala|Stall|Door|House|Suite|Ste|Office|Room|Block|Khasra|Survey|Apt|Apartment|Floor|Bungalow|Villa|"
    r"Kiosk|Counter|Godown|Wing|Tower|Sector|Ward|Gate|SCO|SCF|H|S|D|दुकान|प्लॉट|मकान|फ्लैट"
)
BUILDING_WORDS = frozenset(
    "building bldg complex tower towers plaza mall arcade apartments apartment apts chambers centre center "
    "society market estate industrial park bhavan bhawan residency house heights compound court mansion "
    "plaza chs cooperative hub godown mill mills chawl nivas niwas sadan hotel station galleria annexe "
    "annex gebäude bâtiment edificio palazzo शाॅप भवन".split()
)
LANDMARK_WORDS = frozenset(
    "near nr opp opposite behind beside above below next adjacent off facing adj b/h के पास सामने".split()
)
#: Words that go before an address, in small letters.
LABELS = (
    "address; addr; location; located; situated; visit; find us; come to; pick up; pickup; pick-up; collect; "
    "collection; drop in; drop by; come by; stop by; swing by; pop in; return to; walk in; head office; registered "
    "office; regd; outlet; branch; kitchen at; we are at; mfd by; manufactured by; packed by; marketed by; adresse; "
    "anschrift; standort; besuchen; abholung; dirección; direccion; indirizzo; dove siamo; ubicación; estamos en; "
    "nous trouver; retrouvez; situé; sede; पता; पते; स्थान; pata; deliver from; delivering from; shop at"
).split("; ")
#: Words that end an address on the right, though they begin with a capital.
STOP_WORDS = frozenset(
    "open opens opening tel telephone phone ph mob mobile call contact whatsapp fax email e-mail mail web "
    "website www order orders daily served serves with and free home delivery we our the for from fssai "
    "gstin menu mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday text "
    "pin pincode zip lic gst reservations bookings hours timings timing tél téléphone telefon teléfono "
    "telefono öffnungszeiten ouvert abierto aperto geöffnet since est und et y oder or".split()
)
#: What is counted in kitchens; a number before one of these is no house number.
QUANTITY_WORDS = frozenset(
    "scoop scoops pc pcs piece pieces inch inches oz x slice slices egg eggs cheese cheeses course courses "
    "min mins minute minutes hour hours hr hrs g gm gms kg ml l litre cl lb lbs ct pack packs serving "
    "servings serves bean beans star stars times time day days year years layer layers topping toppings "
    "shot shots spice spices grain grains seed seeds bowl cup cups plate plates glass bottle bottles tbsp "
    "tsp cal kcal calories pm am percent half double triple mini large small medium regular king jumbo "
    "chicken beef veg tacos wings oysters rolls scoop's ways bites new st nd rd th of".split()
)
FOOD_STREETS = frozenset({"rocky road", "rocky rd"})
LITTLE_WORDS = (
    "de du des la le les el los las del della dei degli delle di da do dos der den dem das am an im in auf zum zur "
    "vor bei sur sous et of the and e y"
)

US_STATES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH "
    "OK OR PA PR RI SC SD TN TX UT VT VA WA WV WI WY"
).split()
#: With "_" for a space.
US_STATE_NAMES = (
    "Alabama Alaska Arizona Arkansas California Colorado Connecticut Delaware Florida Georgia Hawaii Idaho Illinois "
    "Indiana Iowa Kansas Kentucky Louisiana Maine Maryland Massachusetts Michigan Minnesota Mississippi Missouri "
    "Montana Nebraska Nevada New_Hampshire New_Jersey New_Mexico New_York North_Carolina North_Dakota Ohio Oklahoma "
    "Oregon Pennsylvania Rhode_Island South_Carolina South_Dakota Tennessee Texas Utah Vermont Virginia Washington "
    "West_Virginia Wisconsin Wyoming"
).split()
UK_AREAS = (
    "AB AL B BA BB BD BF BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX "
    "FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG "
    "NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS "
    "TW UB W WA WC WD WF WN WR WS WV YO ZE"
).split()
INDIAN_PLACES = frozenset(
    """
    mumbai delhi bengaluru bangalore hyderabad ahmedabad chennai kolkata calcutta surat pune jaipur lucknow kanpur
    nagpur indore thane bhopal visakhapatnam vizag patna vadodara baroda ghaziabad ludhiana agra nashik faridabad
    meerut rajkot varanasi srinagar aurangabad dhanbad amritsar allahabad prayagraj ranchi howrah coimbatore
    jabalpur gwalior vijayawada jodhpur madurai raipur kota guwahati chandigarh mohali panchkula solapur hubli
    mysore mysuru mangalore mangaluru tiruchirappalli trichy bareilly gurgaon gurugram noida aligarh moradabad
    jalandhar bhubaneswar salem warangal thiruvananthapuram trivandrum kochi cochin ernakulam kozhikode calicut goa
    panaji margao dehradun shimla udaipur ajmer siliguri pondicherry puducherry navi vasai kalyan dombivli
    maharashtra karnataka kerala gujarat rajasthan punjab haryana telangana odisha bihar jharkhand assam tamil nadu
    pradesh bengal uttarakhand himachal secunderabad india मुंबई दिल्ली पुणे जयपुर लखनऊ नागपुर इंदौर भोपाल पटना
    वाराणसी
    """.split()
)
