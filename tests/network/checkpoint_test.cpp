// model.h5: what is written is read again on every rank; what is not a model of ours is refused in
// one line.
#include "podscale/network/checkpoint.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include "network_study.hpp"
#include "podscale/file/seal.hpp"
#include "podscale/network/vit.hpp"

namespace podscale {
namespace {

using namespace test;

const std::string kBasis = "0123456789abcdef";

/// A file with three steps of training in it. Collective.
void write_model(const Communicator& comm, const std::string& path) {
  const Study study = make_study(small_layout(), 100 * comm.rank(), 20);
  TrainingOptions options;
  options.steps = 3, options.batch = 4;
  Trainer trainer(comm, study.layout, small_model(), options, kBasis, path, false, "&training steps = 3 /\n");
  trainer.run(
      study.set(), [&](const NetworkFunctions&) { return 1.0 / static_cast<double>(1 + trainer.step()); },
      [] { return false; });
}

/// Error(code) on every rank, in one line that names the file.
void expect_refused(const Communicator& comm, const std::string& path, ExitCode code, const std::string& word,
                    const TokenLayout& layout = small_layout(), const std::string& basis = kBasis) {
  const auto [found, line] = outcome([&] { Model::load(comm, path, layout, basis, {"cpu"}); });
  EXPECT_EQ(found, code) << line;
  EXPECT_NE(line.find(path), std::string::npos) << line;
  EXPECT_NE(line.find(word), std::string::npos) << line;
  EXPECT_EQ(line.find('\n'), std::string::npos) << line;
}

TEST(Checkpoint, RoundTrip) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  write_model(comm, folder / "a.h5");
  const Checkpoint a = read_checkpoint(comm, folder / "a.h5");
  EXPECT_EQ(a.summary.step, 3);
  EXPECT_EQ(a.summary.ranks, comm.size());
  EXPECT_EQ(a.summary.basis_checksum, kBasis);
  EXPECT_EQ(a.summary.effective_namelist, "&training steps = 3 /\n");
  EXPECT_EQ(a.summary.layout.centre_lon, small_layout().centre_lon);
  EXPECT_GT(a.slices.size(), 10u);
  EXPECT_EQ(std::ssize(a.parameters), a.summary.parameters);
  write_checkpoint(comm, a, folder / "b.h5");
  const Checkpoint b = read_checkpoint(comm, folder / "b.h5");
  EXPECT_EQ(a.parameters, b.parameters);
  EXPECT_EQ(a.average, b.average);
  EXPECT_EQ(a.best, b.best);
  EXPECT_EQ(a.first_moment, b.first_moment);
  EXPECT_EQ(a.second_moment, b.second_moment);
  EXPECT_EQ(a.summary.weights_checksum, b.summary.weights_checksum);
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(folder / "b.h5").parent_path()))
    EXPECT_NE(entry.path().filename().string().front(), '.') << entry.path();
}

TEST(Checkpoint, RefusesWhatIsNoModel) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  write_model(comm, folder / "model.h5");
  if (comm.is_root()) {
    const auto size = std::filesystem::file_size(folder / "model.h5");
    for (const auto& [name, keep] :
         {std::pair{"half.h5", size / 2}, {"short.h5", size - 1}, {"empty.h5", size - size}}) {
      std::filesystem::copy_file(folder / "model.h5", folder / name);
      std::filesystem::resize_file(folder / name, keep);
    }
    std::ofstream(folder / "text.h5") << "&training\n steps = 3\n/\n";
    const hid_t foreign = H5Fcreate((folder / "foreign.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(foreign);
  }
  comm.barrier();
  for (const char* name : {"half.h5", "short.h5", "empty.h5", "text.h5", "foreign.h5"})
    expect_refused(comm, folder / name, ExitCode::data, "podscale-train");
  expect_refused(comm, folder / ".", ExitCode::data, "is a directory");
  expect_refused(comm, folder / "missing.h5", ExitCode::no_input, "no such file");
}

TEST(Checkpoint, RefusesAnotherStudy) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  write_model(comm, folder / "model.h5");
  expect_refused(comm, folder / "model.h5", ExitCode::data, "basis", small_layout(), "fedcba9876543210");
  expect_refused(comm, folder / "model.h5", ExitCode::data, "tokens", small_layout(6));
  TokenLayout other = small_layout();
  other.active.front() = 0;
  expect_refused(comm, folder / "model.h5", ExitCode::data, "padding", other);
  other = small_layout();
  other.centre_lon.front() += 1;
  expect_refused(comm, folder / "model.h5", ExitCode::data, "patch", other);
}

/// Rank 0 changes the file by HDF5; sealed again, so that what reads the objects sees the change.
void change(const Communicator& comm, const std::string& path, const std::function<void(hid_t)>& work) {
  comm.barrier();
  if (comm.is_root()) {
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    work(file);
    H5Fclose(file);
    EXPECT_FALSE(check_seal(Communicator::self(), path));
  }
  comm.barrier();
  expect_refused(comm, path, ExitCode::data, "checksum");
  seal_file(comm, path);
}

void overwrite(hid_t file, const char* name) {
  const hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  const std::vector<float> values(small_model().width, 1.0f);
  H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  H5Dclose(set);
}

TEST(Checkpoint, RefusesWhatAnotherProgramChanged) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const std::string path = folder / "model.h5";
  for (const char* name : {"/best/embed.bias", "/average/embed.bias", "/parameters/embed.bias",
                           "/first_moment/embed.bias", "/second_moment/embed.bias"}) {
    write_model(comm, path);
    change(comm, path, [&](hid_t file) { overwrite(file, name); });
  }
  write_model(comm, path);
  change(comm, path, [](hid_t file) { overwrite(file, "/best/embed.bias"); });
  expect_refused(comm, path, ExitCode::data, "weights checksum");
}

TEST(Checkpoint, ObjectsOfAnotherKindAreRefused) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const std::string path = folder / "model.h5";
  const auto text_attribute = [](hid_t file) {  // no number
    H5Adelete(file, "step");
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Aclose(H5Acreate2(file, "step", type, space, H5P_DEFAULT, H5P_DEFAULT));
    H5Tclose(type), H5Sclose(space);
  };
  const auto two_numbers = [](hid_t file) {
    H5Adelete(file, "width");
    const hsize_t n = 200;
    const hid_t space = H5Screate_simple(1, &n, nullptr);
    H5Aclose(H5Acreate2(file, "width", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
  };
  const auto pointer_text = [](hid_t file) {  // of variable length: a pointer in the buffer
    H5Ldelete(file, "version", H5P_DEFAULT);
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, H5T_VARIABLE);
    const hid_t set = H5Dcreate2(file, "version", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const char* text = "0";
    H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text);
    H5Dclose(set), H5Tclose(type), H5Sclose(space);
  };
  const auto number_for_text = [](hid_t file) {
    H5Ldelete(file, "criterion", H5P_DEFAULT);
    const hid_t space = H5Screate(H5S_SCALAR);
    H5Dclose(H5Dcreate2(file, "criterion", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
  };
  const auto group_for_set = [](hid_t file) {
    H5Ldelete(file, "/best/embed.bias", H5P_DEFAULT);
    H5Gclose(H5Gcreate2(file, "/best/embed.bias", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  };
  const auto shorter_history = [](hid_t file) {
    H5Ldelete(file, "/history/loss", H5P_DEFAULT);
    const hsize_t none = 0;
    const hid_t space = H5Screate_simple(1, &none, nullptr);
    H5Dclose(
        H5Dcreate2(file, "/history/loss", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
  };
  const std::pair<const char*, std::function<void(hid_t)>> cases[] = {
      {"step", text_attribute},       {"width", two_numbers},        {"version", pointer_text},
      {"criterion", number_for_text}, {"embed.bias", group_for_set}, {"/history", shorter_history}};
  for (const auto& [word, work] : cases) {
    write_model(comm, path);
    change(comm, path, work);
    expect_refused(comm, path, ExitCode::data, word);
  }
}

TEST(Checkpoint, NamesOfAnyLength) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  write_model(comm, folder / "model.h5");
  Checkpoint checkpoint = read_checkpoint(comm, folder / "model.h5");
  checkpoint.slices.front().name = std::string(2000, 'a');
  write_checkpoint(comm, checkpoint, folder / "long.h5");
  const Checkpoint read = read_checkpoint(comm, folder / "long.h5");
  const auto same = [](const NamedSlice& s) { return s.name == std::string(2000, 'a'); };
  EXPECT_EQ(std::count_if(read.slices.begin(), read.slices.end(), same), 1);
  EXPECT_EQ(read.slices.size(), checkpoint.slices.size());
}

TEST(Checkpoint, AFolderThatIsNotThereIsAnIoError) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  write_model(comm, folder / "model.h5");
  const Checkpoint checkpoint = read_checkpoint(comm, folder / "model.h5");
  const auto [code, line] = outcome([&] { write_checkpoint(comm, checkpoint, folder / "no/such/model.h5"); });
  EXPECT_EQ(code, ExitCode::io) << line;
}

}  // namespace
}  // namespace podscale
