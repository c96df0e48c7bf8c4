-- view: Reports that were made and sent.
-- column environment: Environment the row belongs to; NULL where the source says none.
-- column report_id: Number of the report.
-- column period: day, week or month.
-- column window_start: Start of the time reported on.
-- column window_end: End of the time reported on.
-- column created_at: When it was made.
-- column sent_at: When it was sent; NULL is not sent.
-- column recipients: To whom.
-- column status: created, sent, failed or superseded.
-- column supersedes: Report that this one restates, if any.
-- column content_hash: Fingerprint of what was stated.
-- column labels: Declared labels of the source (cluster, region), without environment.
SELECT
    nullif(environment, '') AS environment,
    report_id,
    period,
    window_start,
    window_end,
    created_at,
    sent_at,
    recipients,
    status,
    supersedes,
    content_hash,
    labels
FROM kept.reports
