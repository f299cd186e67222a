"""French and English: bilingual sentences, and numbers and amounts as people read them."""
