"""Lectures taken in: files become captions, captions segments, segments terms and vectors."""
