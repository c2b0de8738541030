# What needs Torch and no other library, and what it takes from other layers.
set(PODSCALE_TRANSFORMER_SOURCES
  attention.cpp block_operators.cpp denoiser.cpp denoiser_graph.cpp host_threads.cpp learner.cpp network.cpp
  parameters.cpp products.cpp row_kernels.cpp sample_rows.cpp sampler.cpp tile_sampling.cpp
  training_batch.cpp unit_gradients.cpp weight_update.cpp window_denoiser.cpp window_layer.cpp window_learner.cpp window_loss.cpp
  window_model.cpp window_transformer.cpp)
set(PODSCALE_TRANSFORMER_BORROWED
  core/error.cpp core/random.cpp gaussian/start_noise.cpp network/model.cpp network/schedule.cpp parallel/tiles.cpp)
