INSERT INTO meta.migrations (version, name, applied_us) VALUES ($version, $name, $applied_us)
