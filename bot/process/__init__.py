"""What a long-lived process needs: settings, logs, health, metrics, and an orderly end."""
