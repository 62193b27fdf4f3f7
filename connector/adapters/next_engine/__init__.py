"""Next Engine (ネクストエンジン): the port `OrderManager` over its API; spec/next_engine.md."""
