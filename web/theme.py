"""The city's colour as a style sheet, refused where text in it could not be read."""

from __future__ import annotations

from assistant.contacts import City
from assistant.errors import ConfigurationError

# The surfaces that css/site.css puts the colour on; WCAG 2.2, 1.4.3 asks for 4.5:1.
LIGHT_PAPER, DARK_PAPER = "#f7f8f6", "#262b2a"
MIN_CONTRAST = 4.5


def theme_css(city: City) -> bytes:
    """Return the style sheet that sets the accent colour in light and dark.

    Raises:
        ConfigurationError: a colour has less than `MIN_CONTRAST` on the page's surface.
    """
    for name, colour, paper in (("colour", city.colour, LIGHT_PAPER), ("colour_dark", city.colour_dark, DARK_PAPER)):
        ratio = contrast(colour, paper)
        if ratio < MIN_CONTRAST:
            raise ConfigurationError(
                f"[city] {name} = {colour} は背景 {paper} に対するコントラストが {ratio:.2f}:1 です。"
                f"{MIN_CONTRAST}:1 以上の色にしてください。"
            )
    return (
        f":root {{ --city: {city.colour}; }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ --city: {city.colour_dark}; }} }}\n"
    ).encode()


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast ratio, 1 to 21, of two colours written #rrggbb."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance, 0 to 1."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
