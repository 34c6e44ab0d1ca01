"""What tests share: servers, scenes, benches."""
