#include "podscale/core/units.hpp"

#include <gtest/gtest.h>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

TEST(Units, KelvinBecomesCelsiusExactly) {
  for (const char* name : {"K", "kelvin", "Kelvin", "deg K", "degrees_kelvin", "degK"}) {
    const UnitConversion c = unit_conversion(name, "degC", "x");
    EXPECT_EQ(c.scale, 1) << name;
    EXPECT_NEAR(c.offset, -273.15, 1e-12) << name;
  }
}

TEST(Units, SpellingsOfCelsius) {
  for (const char* name : {"degC", "degree_C", "degrees_C", "deg_C", "deg. C", "C", "celsius", "Celsius",
                           "degree Celsius", "degrees Celsius", "degree_Celsius",
                           "\xC2\xB0"
                           "C",
                           " degC "}) {
    const UnitConversion c = unit_conversion(name, "degC", "x");
    EXPECT_EQ(c.scale, 1) << name;
    EXPECT_NEAR(c.offset, 0, 1e-12) << name;
  }
  const UnitConversion f = unit_conversion("degF", "degC", "x");
  EXPECT_NEAR(f.scale * 212 + f.offset, 100, 1e-9);
  EXPECT_NEAR(unit_conversion("mK", "degC", "x").scale, 0.001, 1e-12);
  EXPECT_NEAR(unit_conversion("0.01 K", "degC", "x").scale, 0.01, 1e-12);
}

TEST(Units, OtherDimensionsKeepTheirOwnNames) {
  EXPECT_DOUBLE_EQ(unit_conversion("day", "s", "x").scale, 86400);
  EXPECT_DOUBLE_EQ(unit_conversion("hours", "s", "x").scale, 3600);
  EXPECT_DOUBLE_EQ(unit_conversion("km", "m", "x").scale, 1000);
}

TEST(Units, RefusalsNameWhatWasFound) {
  for (const char* name : {"kevin", "m", "1", "kg m-2 s-1", "", "percent", "wibble"}) {
    try {
      unit_conversion(name, "degC", "a.nc: variable 'tos'");
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      const std::string line = error.what();
      EXPECT_NE(line.find("a.nc: variable 'tos'"), std::string::npos) << line;
      EXPECT_NE(line.find(name), std::string::npos) << line;
    }
  }
}

TEST(Units, SalinityIsANumber) {
  EXPECT_TRUE(unit_conversion("psu", "PSU", "x").identity());
  EXPECT_TRUE(unit_conversion("PSS-78", "psu", "x").identity());
  for (const auto& [from, to] : {std::pair("psu", "1e-3"), std::pair("1e-3", "PSU")}) try {
      unit_conversion(from, to, "a.nc: variable 'so'");
      FAIL() << from;
    } catch (const Error& error) {
      const std::string line = error.what();
      EXPECT_NE(line.find("convertible to 1e-3: salinity is a number"), std::string::npos) << line;
      EXPECT_NE(line.find("ncatted -a units,so,o,c,1e-3"), std::string::npos) << line;
    }
}

TEST(Units, OfDifferencesAndSquares) {
  for (const char* name : {"degC", "K", "celsius"}) EXPECT_EQ(difference_units(name), "K") << name;
  for (const char* name : {"1e-3", "m s-1", "degF", "psu", "1", ""})  // psu is no unit of UDUNITS
    EXPECT_EQ(difference_units(name), name);
  EXPECT_EQ(squared_units("K"), "K2");
  EXPECT_EQ(squared_units("1"), "1");
  EXPECT_EQ(squared_units(""), "");
  EXPECT_EQ(squared_units("m s-1"), "(m s-1)2");
  EXPECT_TRUE(unit_conversion("K", "K", "x").identity());
  EXPECT_FALSE(unit_conversion("K", "degC", "x").identity());
  EXPECT_THROW(unit_conversion("K", "furlongs of nothing", "x"), Error);
}

}  // namespace
}  // namespace podscale
