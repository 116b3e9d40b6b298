"""What a server keeps of its visitors and shares out among them; nothing here knows of Gradio."""
