"""llama-index-vector-stores-postgres, set up as its guide shows it, and once tuned."""

import asyncio
import json
import time

import psycopg
from data import EF_SEARCH, REACH, SERVER, TUNED_POOL, Data, K, address, rrf, statements
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import (
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)
from llama_index.core.vector_stores.utils import node_to_metadata_dict
from llama_index.vector_stores.postgres import PGVectorStore
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine


class Here:
    """llama-index-vector-stores-postgres' PGVectorStore, with `course` in the metadata, as its guide shows it."""

    def __init__(self, url: str, data: Data) -> None:
        self.url, self.data = url, data
        hnsw = {"hnsw_m": 16, "hnsw_ef_construction": 64}
        plain, asynchronous = address(url, "psycopg2"), address(url, "asyncpg")
        self.stores = {
            "documented": PGVectorStore.from_params(
                connection_string=plain,
                async_connection_string=asynchronous,
                table_name="li_documented",
                embed_dim=data.dimension,
                hybrid_search=True,
                text_search_config="english",
                hnsw_kwargs=hnsw | {"hnsw_ef_search": 40, "hnsw_dist_method": "vector_cosine_ops"},
            ),
            "tuned": PGVectorStore(
                connection_string=plain,
                async_connection_string=asynchronous,
                engine=create_engine(plain, pool_size=TUNED_POOL),
                async_engine=create_async_engine(
                    asynchronous,
                    pool_size=2 * TUNED_POOL,  # a hybrid question takes two
                    max_overflow=0,
                    connect_args={"server_settings": SERVER},
                ),
                table_name="li_tuned",
                embed_dim=data.dimension,
                hybrid_search=True,
                cache_ok=True,
                text_search_config=data.text_config,
                use_jsonb=True,
                use_halfvec=True,
                indexed_metadata_keys={("course", "text")},
                # Without a method it would index an L2 distance, which its own cosine questions never use.
                hnsw_kwargs=hnsw | {"hnsw_ef_search": EF_SEARCH, "hnsw_dist_method": "halfvec_cosine_ops"},
                initialization_fail_on_error=True,
            ),
        }

    async def fill(self, first: int) -> dict[str, float]:
        first = min(first, self.data.size)
        began = time.monotonic()
        for start in range(0, first, 2048):  # the batch of VectorStoreIndex
            await self.stores["documented"].async_add([self._node(n) for n in range(start, min(first, start + 2048))])
        rows_per_s = first / (time.monotonic() - began)
        statements(self.url, "drop index data_li_documented_embedding_idx")
        await self.stores["tuned"].async_add([self._node(0)])
        statements(self.url, "truncate data_li_tuned", "drop index data_li_tuned_embedding_idx")
        await asyncio.to_thread(self._copy, first)
        began = time.monotonic()
        options = "with (m = 16, ef_construction = 64)"
        await asyncio.to_thread(
            statements,
            self.url,
            "create index data_li_documented_embedding_idx on data_li_documented "
            f"using hnsw (embedding vector_cosine_ops) {options}",
            "create index data_li_tuned_embedding_idx on data_li_tuned "
            f"using hnsw (embedding halfvec_cosine_ops) {options}",
            # The package's own index of a metadata key is on a varchar, which its questions, on a text, cannot use.
            "create index on data_li_tuned ((metadata_->>'course'))",
            "vacuum analyze data_li_documented, data_li_tuned",
        )
        return {"rows_per_s": rows_per_s, "index_s": time.monotonic() - began}

    def _node(self, number: int) -> TextNode:
        return TextNode(
            id_=str(number),
            text=self.data.text(number),
            metadata={"course": f"c{self.data.courses[number]}"},
            embedding=self.data.vectors[number].tolist(),
        )

    def _copy(self, first: int) -> None:
        with psycopg.connect(self.url) as conn:
            with conn.cursor().copy(
                "copy data_li_documented (text, metadata_, node_id, embedding) from stdin"
            ) as writer:
                for number in range(first, self.data.size):
                    node = self._node(number)
                    metadata = json.dumps(node_to_metadata_dict(node, remove_text=True, flat_metadata=False))
                    writer.write_row((node.text, metadata, node.id_, str(node.embedding)))
            conn.execute(
                "insert into data_li_tuned (text, metadata_, node_id, embedding) "
                "select text, metadata_::jsonb, node_id, embedding from data_li_documented"
            )

    async def ask(self, setup: str, way: str, number: int) -> list[int]:
        if way == "vector":
            return await self._found(setup, number, "default", K)
        if setup == "documented":
            return (await self._found(setup, number, "hybrid", K))[:K]
        # As its guide's QueryFusionRetriever does it, without what that costs.
        legs = [self._found(setup, number, mode, REACH) for mode in ("default", "sparse")]
        return rrf(await asyncio.gather(*legs))

    async def _found(self, setup: str, number: int, mode: str, k: int) -> list[int]:
        asked = self.data.questions[number]
        query = VectorStoreQuery(
            query_embedding=self.data.asked[number].tolist(),
            query_str=asked["text"],
            similarity_top_k=k,
            sparse_top_k=k,
            mode=VectorStoreQueryMode(mode),
            filters=MetadataFilters(filters=[MetadataFilter(key="course", value=f"c{asked['course']}")]),
        )
        found = await self.stores[setup].aquery(query)
        return [int(id_) for id_ in found.ids or []]
