"""Erasure of one photograph and of all that was made of it (GDPR, article 17); docs/gdpr.md says where that is."""
