INSERT OR IGNORE INTO meta.rewritten (relation) VALUES ($relation)
