// A basis with its base from one reading of the files.
#include "podscale/study/encoded_period.hpp"

#include <gtest/gtest.h>

#include "on_all_ranks.hpp"
#include "podscale/config/namelist.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/calibrate.hpp"
#include "podscale/study/fit_base.hpp"
#include "podscale/study/fit_season.hpp"
#include "podscale/study/ocean_file.hpp"
#include "podscale/study/options.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

constexpr long kBlock = 30;

class Encoded : public test::OnAllRanks {
 protected:
  Namelist namelist(const std::string& lr, long cache_mib) {
    Namelist n;
    n.parse(
        fmt::format(
            "&ocean ny=16, nx=24, lat0=30, lon0=-60, resolution=0.25, first_date='2001-01-01', "
            "last_date='2001-12-31', factor=4, turbulence_modes=24, land_fraction=0.15, islands=2 /\n"
            "&data hr_files='{0}', {1}, hr_variable='tos', train='2001-01-01','2001-09-30', "
            "validate='2001-10-01','2001-12-31' /\n"
            "&patches size=4,6, modes=5, overlap=2 /\n&basis harmonics=1 /\n"
            "&grid time_block={2}, cache_mib={3} /\n&base halo=1, lags=-2,0, rank=6, penalties=0.1,1.0 /\n",
            scratch / "hr.nc",
            lr == "coarsen" ? "lr_source='coarsen', coarsen_factor=4"
                            : "lr_files='" + (scratch / "lr.nc") + "'",
            kBlock, cache_mib),
        "test");
    return n;
  }
  void SetUp() override {
    write_ocean(comm, ocean_spec(OceanOptions(namelist("files", 0))),
                {scratch / "hr.nc", scratch / "lr.nc", "", ""});
    comm.barrier();
  }
  /// Chunks that tos is stored in.
  long stored(const std::string& path) {
    const Communicator self = Communicator::self();
    const NetcdfFile file = NetcdfFile::open(self, path);
    const auto shape = file.variable("tos").shape, chunks = file.chunks("tos");
    long count = 1;
    for (std::size_t d = 0; d < shape.size(); ++d)
      count *= static_cast<long>((shape[d] + chunks[d] - 1) / chunks[d]);
    return count;
  }
  long read(const FieldSource& source) {
    return comm.sum(dynamic_cast<const CfSource&>(source).chunks_read());
  }

  /// All that podscale-basis does; returns a checksum of it.
  std::uint64_t build(const Namelist& n, const StudySeries& study) {
    const std::vector<long> lags = StudyOptions(n).base.lags;
    const auto train = steps_of_period(study.hr, study.lr, DataOptions(n).train, lags),
               validate = steps_of_period(study.hr, study.lr, DataOptions(n).validate, lags);
    EXPECT_EQ(train.front().a, 2);  // the first two days have no day two days before
    Basis basis = fit_modes(comm, StudyOptions(n), study);
    const BaseOptions options = StudyOptions(n).base;
    LinearGaussian base = start_linear_gaussian(comm, options, basis, study.lr, lr_steps(train), kBlock);
    const LatentSpace space(basis, base);
    const EncodedPeriod one = encode_period(comm, space, study, train, kBlock),
                        two = encode_period(comm, space, study, validate, kBlock);
    set_condition_scale(basis, one.conditions, std::ssize(train));
    {
      const Basis whole = build_basis(comm, StudyOptions(n), study);
      const Diagonal published(whole);
      const LatentSpace of_whole(whole, published);
      const auto all = steps_of_period(study.hr, study.lr, DataOptions(n).train);
      Basis alike = fit_modes(comm, StudyOptions(n), study);
      set_condition_scale(alike, encode_period(comm, of_whole, study, all, kBlock).conditions, std::ssize(all));
      EXPECT_EQ(alike.condition_scale, whole.condition_scale);
    }
    finish_linear_gaussian(comm, options, basis, one, two, kBlock, base);
    base.season = fit_seasonal_variance(comm, space, one, two, 1, kBlock);
    base.calibration =
        calibrate(comm, space, study, two, two, base_forecast(space, Factor::without), Inflate::mode, kBlock);
    return basis.checksum(comm) ^ base.checksum(comm, basis);
  }
};

TEST_F(Encoded, EachChunkOfEachSourceIsInflatedOnceForAWholeBasis) {
  for (const std::string lr : {"files", "coarsen"}) {
    const Namelist n = namelist(lr, 1024);
    const StudySeries study = open_study(comm, DataOptions(n));
    const std::uint64_t sum = build(n, study);
    EXPECT_EQ(read(study.hr), stored(scratch / "hr.nc")) << lr;
    if (lr == "files") {
      EXPECT_EQ(read(study.lr), stored(scratch / "lr.nc"));
    }

    // Without memory to keep fields in: the same bits, from more readings.
    const Namelist none = namelist(lr, 0);
    const StudySeries again = open_study(comm, DataOptions(none));
    EXPECT_EQ(build(none, again), sum) << lr;
    EXPECT_GT(read(again.hr), stored(scratch / "hr.nc")) << lr;
  }
}

TEST_F(Encoded, IsWhatTheSeriesHold) {
  const Namelist n = namelist("coarsen", 1024);
  const StudySeries study = open_study(comm, DataOptions(n));
  const Basis basis = build_basis(comm, StudyOptions(n), study);
  const Diagonal published(basis);
  const LatentSpace space(basis, published);
  const auto pairs = steps_of_period(study.hr, study.lr, DataOptions(n).validate);
  const EncodedPeriod period = encode_period(comm, space, study, pairs, kBlock);
  ASSERT_EQ(period.size(), pairs.size());
  const std::size_t width = basis.patches.mine.size() * static_cast<std::size_t>(basis.modes);
  for (const std::size_t t : {std::size_t{0}, std::size_t{45}, pairs.size() - 1}) {
    const long hr[] = {pairs[t].a}, lr[] = {pairs[t].b};
    const auto a = read_coefficients(study.hr, basis, comm, hr);
    std::vector<double> anomalies(basis.window.points());
    const InterpolatedSeries series(study.lr, basis, comm);
    series.take_anomalies(LrFields(study.lr, series.source(), {lr[0]}), lr, anomalies);
    const auto c = to_coefficients(basis, anomalies, 1);
    ASSERT_EQ(period.a(t, 1).size(), width);
    ASSERT_EQ(period.c(t, 1).size(), width);
    for (std::size_t i = 0; i < width; ++i) {
      EXPECT_NEAR(period.a(t, 1)[i], a[i], 1e-5) << t << " " << i;
      EXPECT_NEAR(period.c(t, 1)[i], c[i], 1e-5) << t << " " << i;
    }
    EXPECT_EQ(period.time_key[t], study.lr.times().time_key(static_cast<std::size_t>(lr[0])));
    EXPECT_EQ(period.year_phase[t], basis.year_phase(study.lr.times(), static_cast<std::size_t>(lr[0])));
  }
}

}  // namespace
}  // namespace podscale
