"""langchain-postgres, set up as its guide shows it, and once tuned."""

import asyncio
import dataclasses
import time
import uuid
from typing import Any

import psycopg
from data import EF_SEARCH, REACH, RRF, SERVER, TUNED_POOL, Data, K, address, statements
from langchain_core.embeddings import Embeddings
from langchain_postgres import Column, PGEngine, PGVectorStore
from langchain_postgres.v2.hybrid_search_config import HybridSearchConfig, reciprocal_rank_fusion
from langchain_postgres.v2.indexes import HNSWIndex, HNSWQueryOptions


class Given(Embeddings):
    """Vectors are given; nothing is embedded here."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise NotImplementedError

    def embed_query(self, text: str) -> list[float]:
        raise NotImplementedError


class Here:
    """langchain-postgres' PGVectorStore, with `course` as a metadata column, as its guide shows it."""

    def __init__(self, url: str, data: Data) -> None:
        self.url, self.data, self.given = url, data, Given()
        self.engines = {
            "documented": PGEngine.from_connection_string(address(url, "asyncpg")),
            "tuned": PGEngine.from_connection_string(
                address(url, "asyncpg"),
                pool_size=TUNED_POOL,
                max_overflow=0,
                connect_args={"server_settings": SERVER},
            ),
        }
        self.hybrid = {
            "documented": HybridSearchConfig(
                tsv_column="content_tsv", index_name="lc_documented_tsv", primary_top_k=K, secondary_top_k=K
            ),
            "tuned": HybridSearchConfig(
                tsv_column="content_tsv",
                tsv_lang=f"pg_catalog.{data.text_config}",
                index_name="lc_tuned_tsv",
                fusion_function=reciprocal_rank_fusion,
                fusion_function_parameters={"rrf_k": RRF},
                primary_top_k=REACH,
                secondary_top_k=REACH,
            ),
        }
        self.stores: dict[str, Any] = {}

    async def fill(self, first: int) -> dict[str, float]:
        first = min(first, self.data.size)
        for setup, engine in self.engines.items():
            await engine.ainit_vectorstore_table(
                f"lc_{setup}",
                self.data.dimension,
                metadata_columns=[Column("course", "INTEGER")],
                hybrid_search_config=dataclasses.replace(self.hybrid[setup]),
            )
            self.stores[setup] = await PGVectorStore.create(
                engine,
                self.given,
                f"lc_{setup}",
                metadata_columns=["course"],
                hybrid_search_config=self.hybrid[setup],
                index_query_options=HNSWQueryOptions(ef_search=EF_SEARCH) if setup == "tuned" else None,
            )
        began = time.monotonic()
        await self.stores["documented"].aadd_embeddings(
            [self.data.text(number) for number in range(first)],
            [self.data.vectors[number].tolist() for number in range(first)],
            [{"course": int(self.data.courses[number])} for number in range(first)],
            [self._id(number) for number in range(first)],
        )
        rows_per_s = first / (time.monotonic() - began)
        await asyncio.to_thread(self._copy, first)
        began = time.monotonic()
        for setup, store in self.stores.items():
            index = HNSWIndex(name=f"lc_{setup}_hnsw")
            with_memory = (
                f"create index {index.name} on lc_{setup} using hnsw (embedding {index.get_index_function()}) "
                f"with {index.index_options()}"
            )
            # What aapply_vector_index does, with more memory than the server's default.
            await asyncio.to_thread(statements, self.url, with_memory)
            await store.aapply_hybrid_search_index()
        await asyncio.to_thread(
            statements, self.url, "create index on lc_tuned (course)", "vacuum analyze lc_documented, lc_tuned"
        )
        return {"rows_per_s": rows_per_s, "index_s": time.monotonic() - began}

    @staticmethod
    def _id(number: int) -> str:
        return str(uuid.UUID(int=number))

    def _copy(self, first: int) -> None:
        with psycopg.connect(self.url) as conn:
            conn.execute("create temp table incoming (id uuid, content text, embedding vector, course int)")
            with conn.cursor().copy("copy incoming from stdin") as writer:
                for number in range(first, self.data.size):
                    vector = "[" + ",".join(map(str, self.data.vectors[number].tolist())) + "]"
                    writer.write_row((self._id(number), self.data.text(number), vector, int(self.data.courses[number])))
            conn.execute(
                """
                insert into lc_documented (langchain_id, content, embedding, course, langchain_metadata, content_tsv)
                select id, content, embedding, course, '{}', to_tsvector('pg_catalog.english', content) from incoming
                """
            )
            conn.execute(
                """
                insert into lc_tuned (langchain_id, content, embedding, course, langchain_metadata, content_tsv)
                select langchain_id, content, embedding, course, '{}', to_tsvector(%s::regconfig, content)
                from lc_documented
                """,
                (f"pg_catalog.{self.data.text_config}",),
            )

    async def ask(self, setup: str, way: str, number: int) -> list[int]:
        asked = self.data.questions[number]
        # The question's words must be given anew each time: the store keeps those of its first question.
        hybrid = dataclasses.replace(self.hybrid[setup], fts_query=asked["text"]) if way == "hybrid" else None
        found = await self.stores[setup].asimilarity_search_with_score_by_vector(
            self.data.asked[number].tolist(), k=K, filter={"course": asked["course"]}, hybrid_search_config=hybrid
        )
        return [uuid.UUID(str(document.id)).int for document, _ in found]
