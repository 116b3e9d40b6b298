"""The components that this page has of its own: gr.HTML around text files of assets/."""
