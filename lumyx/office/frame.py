"""The frame of the admin as django-unfold draws it: its names, its looks and its side bar."""

from django.templatetags.static import static

UNFOLD = {
    "SITE_TITLE": "LumyxAI staff",
    "SITE_HEADER": "LumyxAI",
    "SITE_URL": "/",
    "GLOBAL_CALLBACK": "privacy.reasons.context",
    "DASHBOARD_CALLBACK": "lumyx.office.home.page.fill",
    "SITE_ICON": lambda request: static("lumyx/icon.svg"),
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("lumyx/icon.svg"),
        }
    ],
    "STYLES": [
        lambda request, part=part: static(f"lumyx/css/office/{part}.css")
        for part in ("base", "home", "customers", "catalogue", "operations", "finance", "privacy")
    ],
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": True,
        "navigation": "lumyx.office.navigation.sections",
    },
    # The site's warm greys and its one accent, as ramps; white is read on 600 and darker.
    "COLORS": {
        "base": {
            "50": "oklch(98.4% 0.004 85)",
            "100": "oklch(96.2% 0.006 80)",
            "200": "oklch(90.5% 0.008 78)",
            "300": "oklch(84% 0.01 78)",
            "400": "oklch(70% 0.012 76)",
            "500": "oklch(54% 0.014 72)",
            "600": "oklch(42% 0.014 65)",
            "700": "oklch(35% 0.012 68)",
            "800": "oklch(27.5% 0.01 70)",
            "900": "oklch(19.5% 0.008 70)",
            "950": "oklch(14% 0.006 70)",
        },
        "primary": {
            "50": "oklch(97.5% 0.02 82)",
            "100": "oklch(95.5% 0.045 82)",
            "200": "oklch(91% 0.08 80)",
            "300": "oklch(86% 0.12 78)",
            "400": "oklch(81% 0.15 76)",
            "500": "oklch(66% 0.15 66)",
            "600": "oklch(52% 0.125 60)",
            "700": "oklch(46% 0.105 58)",
            "800": "oklch(40% 0.09 56)",
            "900": "oklch(34% 0.07 54)",
            "950": "oklch(24% 0.05 52)",
        },
    },
}
