"""What Monitoria does: ingest, retrieve, answer, judge, review, report."""
