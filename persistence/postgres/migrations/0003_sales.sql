-- What was sold, as organizers ask for it. Spots are seats and places in areas.

-- How many spots there are and how they stand, where each of them belongs: a row a seat, an area,
-- and an area's places of a ticket type.
CREATE VIEW spots AS
SELECT event_id, section, category, 1::bigint AS capacity,
       (status = 'allocated')::int::bigint AS allocated,
       (status = 'held')::int::bigint AS held,
       (status = 'blocked')::int::bigint AS blocked
FROM seats
UNION ALL
SELECT event_id, section, category, capacity, 0, 0, 0 FROM areas
UNION ALL
SELECT event_id, section, category, 0, allocated, held, blocked
FROM areas JOIN area_places USING (event_id, area);

-- Spots of each section, sold and to be sold.
CREATE VIEW sales_by_section AS
SELECT event_id, section, sum(capacity)::bigint AS capacity, sum(allocated)::bigint AS allocated,
       sum(held)::bigint AS held, sum(blocked)::bigint AS blocked,
       sum(capacity - allocated - held - blocked)::bigint AS available
FROM spots
GROUP BY event_id, section;

-- Spots of each category, sold and to be sold.
CREATE VIEW sales_by_category AS
SELECT event_id, category, sum(capacity)::bigint AS capacity, sum(allocated)::bigint AS allocated,
       sum(held)::bigint AS held, sum(blocked)::bigint AS blocked,
       sum(capacity - allocated - held - blocked)::bigint AS available
FROM spots
GROUP BY event_id, category;

-- Spots that are held and sold as each ticket type, beside its quota.
CREATE VIEW sales_by_ticket_type AS
SELECT event_id, ticket_type, key, quota,
       coalesce(sum(allocated), 0)::bigint AS allocated,
       coalesce(sum(held), 0)::bigint AS held
FROM ticket_types
LEFT JOIN (
    SELECT event_id, ticket_type,
           (status = 'allocated')::int AS allocated,
           (status = 'held')::int AS held
    FROM seats WHERE ticket_type IS NOT NULL
    UNION ALL
    SELECT event_id, ticket_type, allocated, held FROM area_places
) AS spots USING (event_id, ticket_type)
GROUP BY event_id, ticket_type, key, quota;

-- What was sold and what came back in each hour (UTC) that had any of it.
CREATE VIEW sales_by_hour AS
SELECT event_id, date_trunc('hour', at, 'UTC') AS hour,
       coalesce(sum(spots) FILTER (WHERE change = 'hold_allocated'), 0)::bigint AS allocated,
       coalesce(sum(spots) FILTER (WHERE change = 'spots_returned'), 0)::bigint AS returned
FROM history
WHERE change IN ('hold_allocated', 'spots_returned')
GROUP BY event_id, hour;

-- What was sold through each door, as far as a request's id tells: REST hashes an Idempotency-Key
-- to an id of version 8; ids of version 7 are of gRPC, or of REST without a key.
CREATE VIEW sales_by_channel AS
SELECT event_id,
       CASE substr(request_id::text, 15, 1)
           WHEN '7' THEN 'grpc_or_rest' WHEN '8' THEN 'rest_with_key' END AS channel,
       sum(spots)::bigint AS allocated
FROM history
WHERE change = 'hold_allocated'
GROUP BY event_id, channel;
