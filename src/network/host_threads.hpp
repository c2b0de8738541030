#pragma once
// Samples of a batch, shared between the threads of the host.

#include <cstdint>
#include <functional>

namespace podscale {

/// Not collective. work(0) .. work(count - 1), in any order, by as many threads as Torch uses for
/// one operation (at::get_num_threads()). `work` calls no operation of Torch. at::parallel_for
/// would be a plain loop here: it has threads only in a file that is compiled with OpenMP.
void on_host_threads(std::int64_t count, const std::function<void(std::int64_t)>& work);

/// Not collective. Whether that pays: Torch uses several threads, and so many values are touched in
/// all that a second one is worth its start.
bool pays_threads(std::int64_t count, std::int64_t values);

}  // namespace podscale
