#include "podscale/config/namelist.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "podscale/core/error.hpp"

using namespace podscale;

namespace {

Namelist parsed(const std::string& text) {
  Namelist namelist;
  namelist.parse(text, "run.nml");
  return namelist;
}

/// The message of the usage error that `work` must throw.
std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return "";
}
std::string refused(const std::string& text) {
  return refusal([&] { parsed(text); });
}

void expect_words(const std::string& message, const std::vector<std::string>& words) {
  for (const std::string& word : words)
    EXPECT_NE(message.find(word), std::string::npos) << word << " in: " << message;
}

TEST(Namelist, ReadsEveryType) {
  const Namelist n = parsed(R"(
! a comment with 'quotes' & a slash /
&Data
  HR_Files = 'a.nc' "b,c.nc",   ! blank or comma
             'it''s.nc'
             "d""!e.nc"
  train='1982-01-01','2007-12-31', mask_ocean_values = 3*1, -2 +4
/
&patches size=2*8 modes
 = 12 energy=.95/
&training rate=1d-3, clip = 2.5D0 weight_decay=0 resume = F /
&output write_members=.TRUE. title='' /)");
  EXPECT_EQ(n.texts("data.hr_files"), (std::vector<std::string>{"a.nc", "b,c.nc", "it's.nc", "d\"!e.nc"}));
  EXPECT_EQ(n.texts("data.train"), (std::vector<std::string>{"1982-01-01", "2007-12-31"}));
  EXPECT_EQ(n.integers("data.mask_ocean_values"), (std::vector<long>{1, 1, 1, -2, 4}));
  EXPECT_EQ(n.integers("patches.size"), (std::vector<long>{8, 8}));
  EXPECT_EQ(n.integer("patches.modes"), 12);
  EXPECT_EQ(n.real("patches.energy"), 0.95);
  EXPECT_EQ(n.real("training.rate"), 1e-3);
  EXPECT_EQ(n.real("training.clip"), 2.5);
  EXPECT_EQ(n.real("training.weight_decay"), 0.0);
  EXPECT_FALSE(n.logical("training.resume"));
  EXPECT_TRUE(n.logical("output.write_members"));
  EXPECT_EQ(n.text("output.title"), "");
  EXPECT_TRUE(n.given("output.title"));
  EXPECT_FALSE(n.given("training.steps"));
  EXPECT_EQ(n.integer("training.steps"), -1);
  EXPECT_EQ(n.source(), "run.nml");
}

TEST(Namelist, Logicals) {
  for (const char* yes : {".true.", ".TRUE.", ".t.", "T", "t", "true"})
    EXPECT_TRUE(parsed(std::string("&training resume=") + yes + "/").logical("training.resume")) << yes;
  for (const char* no : {".false.", ".f.", "F", "f", "False"})
    EXPECT_FALSE(parsed(std::string("&training resume=") + no + "\n/").logical("training.resume")) << no;
  expect_words(refused("&training resume = yes /"),
               {"run.nml:1", "&training resume", "yes", ".true. or .false."});
}

TEST(Namelist, MessagesNameThePlace) {
  expect_words(refused("\n&dta /"), {"run.nml:2", "&dta", "did you mean &data"});
  expect_words(refused("&data\n\n  hr_fils = 'a'\n/"),
               {"run.nml:3", "hr_fils", "&data", "did you mean hr_files"});
  expect_words(refused("&model steps = 5 /"), {"&model", "steps", "belongs to &training or &sampling"});
  expect_words(refused("&patches size(1) = 8 /"), {"size(1)", "one by one"});
  expect_words(refused("&training steps=1\n steps=2 /"), {"run.nml:2", "&training steps", "twice", "line 1"});
  expect_words(refused("&model /\n&MODEL /"), {"run.nml:2", "&model", "twice", "line 1"});
  expect_words(refused("&training\n steps = 1\n\n"), {"&training", "opened in line 1", "not closed"});
  expect_words(refused("&training steps = 1\n&model /"), {"run.nml:2", "&training", "not closed"});
  expect_words(refused("steps = 1"), {"run.nml:1", "steps", "outside"});
  expect_words(refused("&training steps 5 /"), {"found 'steps'", "key = value"});
}

TEST(Namelist, MessagesSayFoundAndExpected) {
  expect_words(refused("&training batch = 'a' /"),
               {"&training batch", "found the text 'a'", "an integer", "samples"});
  expect_words(refused("&training batch = 0 /"), {"found 0", "from 1 to"});
  expect_words(refused("&training batch = 1.5 /"), {"found 1.5", "an integer"});
  expect_words(refused("&training batch = 99999999999999999999 /"), {"found 9999", "an integer"});
  expect_words(refused("&training batch = 1 2 /"), {"found 2 values"});
  expect_words(refused("&training batch = /"), {"found no value"});
  expect_words(refused("&training rate = 2.0 /"), {"found 2.0", "from 0 to 1"});
  expect_words(refused("&training rate = nan /"), {"found nan", "a number"});
  expect_words(refused("&training rate = 1e999 /"), {"found 1e999", "a number"});
  expect_words(refused("&patches size = 8 /"), {"found 1 value,", "2 integers"});
  expect_words(refused("&patches size = 3*8 /"), {"found 3 values"});
  expect_words(refused("&data train = '1982-01-01' /"), {"found 1 value", "2 quoted texts"});
  expect_words(refused("&model base = 'gauss' /"), {"found 'gauss'", "'none', 'gaussian'"});
  expect_words(refused("&patches basis = 'local|shared' /"), {"found 'local|shared'"});
  expect_words(refused("&output directory = runs /"), {"found runs", "quoted text"});
  expect_words(refused("&output directory = 'runs\n'/"), {"run.nml:1", "'runs", "not closed"});
  expect_words(refused("&data hr_files = 'a',, 'b' /"), {"&data hr_files", "empty value"});
  expect_words(refused("&data hr_files = 'a', '' /"), {"an empty text in a list"});
  expect_words(refused("&patches size = *8 /"), {"*8", "repeat count"});
  expect_words(refused("&patches size = 2* /"), {"2*", "without the value"});
  expect_words(refused("&patches size = 0*8 /"), {"0*8", "repeat count"});
}

TEST(Namelist, SetComesLastAndQuotesAreOptional) {
  Namelist n = parsed("&training steps = 10 /");
  n.set("training.steps=20");
  n.set("Output.Title=a title = of mine");
  n.set("data.hr_files=a/*.nc,b.nc");
  n.set("data.lr_files='x,y.nc', 'z.nc'");
  n.set_text("output.basis_file", "it's /a \"b\".nc");
  n.set("patches.size=4,6");
  n.set("sampling.sampler=dpm-solver++");
  n.set("output.directory=");
  EXPECT_EQ(n.integer("training.steps"), 20);
  EXPECT_EQ(n.text("output.title"), "a title = of mine");
  EXPECT_EQ(n.texts("data.hr_files"), (std::vector<std::string>{"a/*.nc", "b.nc"}));
  EXPECT_EQ(n.texts("data.lr_files"), (std::vector<std::string>{"x,y.nc", "z.nc"}));
  EXPECT_EQ(n.text("output.basis_file"), "it's /a \"b\".nc");
  EXPECT_EQ(n.integers("patches.size"), (std::vector<long>{4, 6}));
  EXPECT_EQ(n.text("sampling.sampler"), "dpm-solver++");
  EXPECT_EQ(n.text("output.directory"), "");
  expect_words(refusal([&] { n.set("steps=1"); }), {"--set steps=1", "group.key=value"});
  expect_words(refusal([&] { n.set("training.step=1"); }), {"--set", "did you mean steps"});
  expect_words(refusal([&] { n.set("training.steps=1 rate=2"); }), {"--set", "rate"});
  expect_words(refusal([&] { n.set("patches.size=8,8/"); }), {"found 8/"});
}

TEST(Namelist, EffectiveParsesBackToItself) {
  Namelist n = parsed("&data hr_files='it''s', \"b\" /\n&training rate=0.1 seed=9000000000000000 /");
  const std::string text = n.effective();
  Namelist again;
  again.parse(text, "effective");
  EXPECT_EQ(again.effective(), text);
  EXPECT_EQ(again.texts("data.hr_files"), n.texts("data.hr_files"));
  EXPECT_EQ(again.real("training.rate"), 0.1);
  EXPECT_EQ(again.integer("training.seed"), 9000000000000000);
  EXPECT_EQ(n.effective({"basis"}), "&basis\n  harmonics = 2\n/\n");
}

TEST(Namelist, RequiredKeys) {
  const Namelist n = parsed("&output directory = '' /");
  expect_words(refusal([&] { n.required_texts("data.hr_files"); }),
               {"run.nml", "&data hr_files", "not given"});
  expect_words(refusal([&] { n.required_text("output.directory"); }),
               {"run.nml", "&output directory", "not given"});
  EXPECT_EQ(n.required_text("output.basis_file"), "basis.nc");
}

TEST(Namelist, AskingForWhatIsNotInTheTableIsABug) {
  const Namelist n;
  EXPECT_THROW(n.integer("training.stepz"), Error);
  EXPECT_THROW(n.real("training.steps"), Error);
}

TEST(Namelist, ListsOfReals) {
  Namelist n;
  EXPECT_TRUE(n.reals("regions.boxes").empty());
  n.parse("&regions boxes = 30, 33.5, 2*-7d1 /\n&base penalties = 1e-3 /", "test");
  EXPECT_EQ(n.reals("regions.boxes"), (std::vector<double>{30, 33.5, -70, -70}));
  EXPECT_EQ(n.reals("base.penalties"), std::vector<double>{1e-3});
  n.set("base.penalties=0.1,1,10");
  EXPECT_EQ(n.reals("base.penalties"), (std::vector<double>{0.1, 1, 10}));
  Namelist again;  // what is stored in every output reads back to the same bits
  again.parse(n.effective(), "effective");
  EXPECT_EQ(again.reals("base.penalties"), n.reals("base.penalties"));
  EXPECT_EQ(again.reals("regions.boxes"), n.reals("regions.boxes"));
  expect_words(refusal([&] { n.set("base.penalties=0.1,-1"); }), {"penalties", "found -1", "numbers from"});
  expect_words(refusal([&] { n.set("base.penalties=much"); }), {"penalties", "found much"});
}

TEST(KeyTable, IsSound) {
  std::string reference = namelist_reference();
  for (const Key& key : key_table()) {
    EXPECT_NE(group_help(key.group), nullptr) << key.group;
    EXPECT_NE(reference.find(std::string("| `") + key.name + "` |"), std::string::npos) << key.name;
    EXPECT_GT(std::string(key.help).size(), 2u) << key.name;
    if (key.type == KeyType::integer || key.type == KeyType::real || key.type == KeyType::integers ||
        key.type == KeyType::reals) {
      EXPECT_LT(key.low, key.high) << key.name;
    }
  }
}

}  // namespace
