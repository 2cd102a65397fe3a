-- A first stage for the search by meaning. A segment has about four pieces of 1 kB each, and reading them all is what a
-- search in a large course waits for. Of each number of a piece's vector it is now kept, in three bits, whether it is
-- far below its language's mean, below, above or far above it; counting differing bits finds the few hundred segments
-- whose vectors are then compared in full. docs/adr/0016 says how much that loses: nothing that could be measured.

-- What the bits are taken about. Null: about zero, as here, until the course's vectors are looked at again.
alter table language_means add column signed_about vector;

-- Four pieces share a row: rows cost more than bits. A segment of more pieces has more rows.
create table segment_signs (
    generation_id bigint not null references generations on delete cascade,
    course_id bigint not null,
    lecture_id bigint not null,
    segment_id bigint not null,
    part smallint not null check (part >= 0),
    signs_1 bit varying not null,
    signs_2 bit varying,
    signs_3 bit varying,
    signs_4 bit varying,
    primary key (course_id, generation_id, lecture_id, segment_id, part),
    foreign key (lecture_id, course_id) references lectures (id, course_id) on delete cascade
);
alter table segment_signs alter column signs_1 set storage plain, alter column signs_2 set storage plain,
    alter column signs_3 set storage plain, alter column signs_4 set storage plain;

insert into segment_signs
    (generation_id, course_id, lecture_id, segment_id, part, signs_1, signs_2, signs_3, signs_4)
with about as materialized (
    select id as generation_id, minus::halfvec as low, zero::halfvec as middle, step::halfvec as high
    from generations
    cross join lateral (
        select array_fill(0::real, array[dimension])::vector as zero,
            array_fill((0.6 / sqrt(dimension))::real, array[dimension])::vector as step,
            array_fill((-0.6 / sqrt(dimension))::real, array[dimension])::vector as minus
    ) steps
    where state <> 'retired'
)
select generation_id, course_id, lecture_id, segment_id, piece / 4,
    (array_agg(signs) filter (where piece % 4 = 0))[1], (array_agg(signs) filter (where piece % 4 = 1))[1],
    (array_agg(signs) filter (where piece % 4 = 2))[1], (array_agg(signs) filter (where piece % 4 = 3))[1]
from (
    select v.generation_id, v.course_id, v.lecture_id, v.segment_id, v.piece,
        binary_quantize(v.embedding - a.low) || binary_quantize(v.embedding - a.middle)
            || binary_quantize(v.embedding - a.high) as signs
    from segment_vectors v join about a using (generation_id)
) pieces
group by generation_id, course_id, lecture_id, segment_id, piece / 4;
