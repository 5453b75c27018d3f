"""Words and figures of the made-up shop: what it sells, from whom, in which colours and sizes.

The brand, its products and its suppliers are invented.
"""

from __future__ import annotations

from dataclasses import dataclass

BRAND = "Alder & Tide"
HOUSE_BRANDS = (BRAND, "Northfold", "Little Alder")

SERIES = (
    *("Cove", "Heron", "Juniper", "Marlow", "Tansy", "Brook", "Fjord", "Hazel", "Linden", "Moss"),
    *("Osprey", "Pebble", "Quarry", "Rowan", "Saltmarsh", "Thistle", "Umber", "Vale", "Willow", "Yarrow"),
    *("Ash", "Birch", "Clover", "Dune", "Elm", "Fern", "Gale", "Harbour", "Isle", "Kestrel"),
    *("Lark", "Meadow", "Nettle", "Orchard", "Plover", "Reed", "Sorrel", "Tern", "Wren", "Crème"),
)
COLOURS = (
    *(("Sage", "SAG"), ("Sand", "SND"), ("Charcoal", "CHR"), ("Terracotta", "TER"), ("Navy", "NVY"), ("Oat", "OAT")),
    *(("Forest", "FOR"), ("Rosé", "ROS"), ("Slate", "SLT"), ("Mustard", "MUS")),
)
WEAR_SIZES = ("XS", "S", "M", "L", "XL")
SIZES = ("S", "M", "L")


@dataclass(frozen=True, slots=True)
class Noun:
    """A kind of product: its price range and how it varies (``one``, ``colour``, ``size``, ``wear``)."""

    name: str
    price_low: float
    price_high: float
    variants: str
    units_per_line_mean: float = 1.15


@dataclass(frozen=True, slots=True)
class Category:
    """``season`` holds (day of the year, width in days, height) of each peak above a base of 1."""

    code: str
    name: str
    weight: float
    return_share: float
    season: tuple[tuple[float, float, float], ...]
    nouns: tuple[Noun, ...]


CATEGORIES = (
    Category(
        "GDN",
        "Garden",
        0.17,
        0.03,
        ((128, 34, 3.6), (258, 22, 0.7)),
        (
            Noun("Planter", 18, 64, "size", 1.4),
            Noun("Watering Can", 22, 46, "colour"),
            Noun("Garden Trowel", 12, 24, "one"),
            Noun("Herb Kit", 15, 32, "one", 1.3),
            Noun("Bird Feeder", 19, 42, "colour"),
            Noun("Patio Lantern", 24, 68, "size", 1.5),
            Noun("Kneeling Pad", 14, 26, "colour"),
        ),
    ),
    Category(
        "OUT",
        "Camp & Trail",
        0.15,
        0.06,
        ((182, 42, 1.9),),
        (
            Noun("Camp Mug", 14, 26, "colour", 1.6),
            Noun("Daypack", 58, 120, "colour"),
            Noun("Trail Bottle", 22, 42, "colour", 1.2),
            Noun("Hammock", 48, 96, "colour"),
            Noun("Headlamp", 26, 58, "one"),
            Noun("Picnic Blanket", 38, 72, "colour"),
        ),
    ),
    Category(
        "KIT",
        "Kitchen & Table",
        0.18,
        0.04,
        ((340, 22, 0.8),),
        (
            Noun("Stoneware Mug", 14, 28, "colour", 2.0),
            Noun("Linen Napkins", 24, 44, "colour", 1.4),
            Noun("Cutting Board", 28, 78, "size"),
            Noun("Enamel Pan", 46, 110, "size"),
            Noun("Tea Towel", 10, 18, "colour", 1.9),
            Noun("Serving Bowl", 26, 62, "colour"),
            Noun("Café Press", 32, 58, "size"),
        ),
    ),
    Category(
        "BED",
        "Bed & Bath",
        0.13,
        0.08,
        ((18, 20, 0.7), (300, 30, 0.3)),
        (
            Noun("Bath Towel", 22, 44, "colour", 1.8),
            Noun("Linen Duvet Cover", 98, 190, "size"),
            Noun("Pillowcase", 18, 34, "colour", 1.8),
            Noun("Bath Mat", 26, 48, "colour"),
            Noun("Waffle Robe", 64, 110, "wear"),
        ),
    ),
    Category(
        "WIN",
        "Winter Warmth",
        0.11,
        0.06,
        ((345, 36, 5.0), (20, 25, 2.2)),
        (
            Noun("Wool Throw", 58, 130, "colour"),
            Noun("Thermal Socks", 14, 28, "size", 1.7),
            Noun("Ribbed Beanie", 22, 38, "colour"),
            Noun("Hot Water Bottle", 24, 42, "colour"),
            Noun("Fleece Blanket", 34, 66, "colour"),
        ),
    ),
    Category(
        "GFT",
        "Gifts & Festive",
        0.09,
        0.02,
        ((342, 14, 9.0), (44, 8, 0.8)),
        (
            Noun("Scented Candle", 16, 42, "colour", 1.5),
            Noun("Ornament Set", 18, 36, "colour", 1.4),
            Noun("Advent Calendar", 34, 78, "one"),
            Noun("Keepsake Box", 24, 52, "one"),
        ),
    ),
    Category(
        "STO",
        "Storage & Home",
        0.1,
        0.05,
        ((12, 22, 0.6), (245, 20, 0.4)),
        (
            Noun("Seagrass Basket", 24, 72, "size", 1.3),
            Noun("Hook Rail", 18, 44, "one"),
            Noun("Wall Shelf", 36, 88, "size"),
            Noun("Laundry Hamper", 42, 86, "colour"),
        ),
    ),
    Category(
        "WEA",
        "Outdoor Wear",
        0.07,
        0.16,
        ((290, 36, 1.2), (95, 25, 0.7)),
        (
            Noun("Rain Jacket", 84, 160, "wear"),
            Noun("Trail Fleece", 68, 120, "wear"),
            Noun("Sun Hat", 24, 46, "size"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Supplier:
    """A supplier's true lead time (gamma with mean and CV, times 1.4–2.4 when late) and its terms.

    Where ``terms_known`` is false the supply table leaves the lead time blank: only receipts tell it.
    """

    supplier_id: str
    categories: str
    lead_time_days_mean: float
    lead_time_cv: float
    late_share: float
    moq_units: int
    order_multiple_units: int
    order_cost: float
    terms_known: bool = True


SUPPLIERS = (
    Supplier("HALDEN-POTTERY", "GDN", 21, 0.20, 0.05, 24, 6, 40),
    Supplier("NINGBO-GARDEN", "GDN OUT", 68, 0.16, 0.10, 240, 24, 180),
    Supplier("TULIP-TOOLS", "GDN", 14, 0.25, 0.04, 36, 12, 30),
    Supplier("VALENCIA-CLAY", "GDN KIT", 35, 0.22, 0.08, 60, 6, 85, False),
    Supplier("SUMMIT-GEAR", "OUT WEA", 45, 0.18, 0.08, 96, 12, 120),
    Supplier("PINE-CREEK-PACKS", "OUT", 28, 0.24, 0.06, 30, 6, 60),
    Supplier("TAICHUNG-STEEL", "OUT KIT", 61, 0.14, 0.09, 200, 20, 160),
    Supplier("ASHFORD-ENAMEL", "OUT KIT", 18, 0.28, 0.04, 24, 12, 35),
    Supplier("PORTO-CERAMICS", "KIT", 38, 0.20, 0.07, 72, 6, 90),
    Supplier("MAINE-WOODWORKS", "KIT STO", 12, 0.30, 0.05, 12, 4, 25, False),
    Supplier("BALTIC-LINEN", "KIT BED", 42, 0.17, 0.06, 80, 10, 95),
    Supplier("DENIZLI-TOWELS", "BED KIT", 52, 0.19, 0.08, 120, 12, 130),
    Supplier("CAROLINA-COTTON", "BED", 16, 0.22, 0.03, 24, 6, 30),
    Supplier("GUIMARAES-TEXTILE", "BED", 47, 0.21, 0.10, 100, 10, 110, False),
    Supplier("TIBER-WOOL", "WIN", 33, 0.24, 0.07, 40, 5, 70),
    Supplier("GALWAY-KNITS", "WIN", 26, 0.20, 0.05, 30, 6, 55),
    Supplier("SHAOXING-FLEECE", "WIN BED", 72, 0.15, 0.12, 300, 25, 190),
    Supplier("GRASSE-CANDLES", "GFT", 30, 0.26, 0.08, 48, 12, 70),
    Supplier("VERMONT-WICKS", "GFT", 9, 0.33, 0.03, 24, 12, 20),
    Supplier("YIWU-FESTIVE", "GFT STO", 75, 0.14, 0.12, 360, 36, 200),
    Supplier("HANOI-BASKETS", "STO", 64, 0.18, 0.09, 120, 8, 150, False),
    Supplier("OHIO-METALCRAFT", "STO GDN", 10, 0.30, 0.04, 20, 5, 20),
    Supplier("SAIGON-OUTERWEAR", "WEA", 70, 0.16, 0.10, 150, 10, 175),
    Supplier("BRAGA-KNITWEAR", "WEA WIN", 40, 0.20, 0.07, 60, 6, 90),
    Supplier("QUICKPRINT-GOODS", "GFT KIT", 7, 0.35, 0.02, 10, 5, 15),
)
