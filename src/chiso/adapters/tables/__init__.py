"""Tables that an audit measures: scores as CSV or Parquet, embeddings as Parquet or NPZ."""
