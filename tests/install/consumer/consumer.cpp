// A program of somebody else: reads two series, builds basis and base, writes a forecast with its
// variance.
#include <mpi.h>
#include <slepcsys.h>

#include <fstream>
#include <iterator>

#include "podscale/study/downscale.hpp"
#include "podscale/study/fit_base.hpp"
#include "podscale/study/product_file.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  SlepcInitialize(&argc, &argv, nullptr, nullptr);
  {
    const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
    std::ifstream file(argv[1]);
    const StudyOptions asked = options_of_text({std::istreambuf_iterator<char>(file), {}}, argv[1]);
    const StudySeries study = open_study(comm, asked.data);
    const Basis basis = build_basis(comm, asked, study);
    const auto train = steps_of_period(study.hr, study.lr, asked.data.train),
               days = steps_of_period(study.hr, study.lr, asked.data.validate);
    const LinearGaussian base = fit_linear_gaussian(comm, asked.base, basis, study, train, days, 64);
    const LatentSpace space(basis, base);
    const EncodedPeriod period = encode_period(comm, space, study, days, 64);
    const std::vector<float> phase(period.year_phase.begin(), period.year_phase.end());
    const auto forecasts = base_forecast(space)({period.conditions, phase, period.time_key}, {});
    const SampleAxis axis = subset(study.lr.times(), lr_steps(days));
    ProductOptions options;
    options.variables = {{"tos", "", "sea surface temperature", "degC", "degC"}};
    options.chunk = basis.decomposition.chunk_shape();
    ProductFile product(comm, argv[2], basis.mesh, basis.window, axis, options);
    std::vector<double> mean(basis.points()), variance = mean, normal = mean;
    for (std::size_t t = 0; t < forecasts.size(); ++t) {
      basis.hr_climatology.evaluate(basis.year_phase(axis, t), normal);
      decode_forecast(basis, forecasts[t], 1, normal, mean, variance);
      product.write(t, 1, mean, variance, {});
    }
    product.commit();
  }
  SlepcFinalize();
  MPI_Finalize();
}
