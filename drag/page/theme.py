"""How the page looks: one look in light and dark, with fonts that are already there."""

import gradio as gr

from drag.page.components.base import read_asset

CSS = read_asset("page.css")
THEME = gr.themes.Soft(
    primary_hue="indigo",
    secondary_hue="indigo",
    neutral_hue="slate",
    radius_size="lg",
    font=["Inter", "ui-sans-serif", "system-ui", "Segoe UI", "Roboto", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
).set(
    block_title_background_fill="none",
    block_title_background_fill_dark="none",
    block_title_padding="0",
    block_title_text_color="*body_text_color",
    input_border_width="1px",
    input_border_color="*neutral_300",
    checkbox_border_color="*neutral_400",
    button_secondary_border_color="*neutral_200",
    # Gradio's own greys and indigo are too pale to be read by everyone (WCAG AA).
    body_text_color_subdued="*neutral_500",
    block_info_text_color="*neutral_500",
    checkbox_label_background_fill_selected="*primary_600",
    checkbox_label_background_fill_selected_dark="*primary_600",
    color_accent="*primary_600",
    link_text_color="*primary_600",
    button_primary_background_fill="*primary_600",
    button_primary_background_fill_hover="*primary_700",
    button_primary_background_fill_dark="*primary_600",
    button_primary_background_fill_hover_dark="*primary_700",
)
