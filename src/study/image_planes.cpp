#include "podscale/study/image_planes.hpp"

#include <utility>

#include "podscale/core/error.hpp"

namespace podscale {

PlaneSeries planes_of(const ImageSet& images) {
  return {images.size(), [&images](idx_t i) {
            ImagePair pair = images.read(i);
            if (pair.hr.empty())
              fail(ExitCode::data, "{}: no HR image; expected pairs of HR and LR", pair.file);
            return PlanePair{std::move(pair.hr), std::move(pair.lr), pair.range};
          }};
}

}  // namespace podscale
