"""The page: its components, what its controls do, what is where, and what it says.

    layout    what is where: each button, menu and slider
    controls  the components by name, and the groups of them that change together
    wiring    which event of them runs which handler: what a press of Drag or Stop does
    menus     what can be chosen
    showing   how an edit is shown
    past      how its history is shown
    panel     what the photo's panel is told
    examples  prepared edits; python -m drag.page.examples makes their thumbnails
    wording   what the page says to a person; its words, in both languages: assets/words.json
    trouble   how errors get there
    theme     how it looks

components/ are its own; handlers/ have what its controls do.
"""
