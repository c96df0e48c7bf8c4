-- Services of which calls were ever counted.
select distinct environment, service from request_counts where service is not null
