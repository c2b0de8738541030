#pragma once
// Where the values of a field lie: logically rectangular points, ny rows of nx columns, x fastest.
//
//     rectilinear   latitude and longitude axes
//     curvilinear   a latitude and a longitude for each point: rotated poles, tripolar grids
//     plane         y and x of a projection (axes, or a pair for each point), or rows and columns of an image
//
// The meshes of ocean models repeat columns at their seam and rows at their northern fold. Each
// point has an owner: itself, or the point that it repeats, so that no area counts twice. Nothing
// here is collective.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "podscale/core/view.hpp"
#include "podscale/parallel/window.hpp"
#include "podscale/mesh/geometry.hpp"

namespace podscale {

enum class MeshKind { rectilinear, curvilinear, plane };

/// Cell centres [n] and edges [n + 1], both strictly ascending.
struct MeshAxis {
  std::vector<double> centres, bounds;
};

/// One position a point, [ny * nx] each: latitude and longitude, or y and x. NaN: the point has no
/// position (ocean models leave out blocks of land). Corners, where known: [ny * nx * 4], in one
/// order for all cells.
struct PointTable {
  std::vector<double> y, x, corner_y, corner_x;
};

/// The unit of y and x in the file. metres = 0: no length, but pixels of an image.
struct PlaneUnit {
  std::string name = "m";
  double metres = 1;
};

/// A CF grid mapping: carried to the products, and to tell one projection from another.
struct GridMapping {
  struct Attribute {
    std::string name, text;
    std::vector<double> numbers;  ///< empty: the attribute is the text
  };
  std::string name;
  std::vector<Attribute> attributes;
};

/// How a mesh goes on beyond its northern (or first) row: row j, column i is also row `rows` - j,
/// column `columns` - i, modulo the period. Its poles lie on points where `rows` is even (T), else
/// between them (F).
struct Fold {
  bool present = false;
  idx_t rows = 0, columns = 0;
};

/// A value: copies share what they hold, which never changes. Wrong coordinates are Error(data),
/// wrong sizes Error(bug).
class Mesh {
 public:
  Mesh() = default;  ///< no points
  /// Degrees. Without bounds: half-way between centres, poles clipped to +-90.
  static Mesh rectilinear(std::vector<double> lat, std::vector<double> lon,
                          std::vector<double> lat_bounds = {}, std::vector<double> lon_bounds = {});
  static Mesh curvilinear(idx_t ny, idx_t nx, PointTable degrees);
  static Mesh plane(std::vector<double> y, std::vector<double> x, PlaneUnit unit,
                    std::vector<double> y_bounds = {}, std::vector<double> x_bounds = {});
  static Mesh plane(idx_t ny, idx_t nx, PointTable table, PlaneUnit unit);
  /// A mesh as coarsened() makes it, from what can be asked of one: positions and corners, area()
  /// of the points, period and fold.
  static Mesh of_blocks(MeshKind kind, idx_t ny, idx_t nx, PointTable table, PlaneUnit unit,
                        std::vector<double> areas, idx_t period, Fold fold);
  /// Rows and columns, centres at half a pixel. pixel: size of one, so that an image at half the
  /// resolution (pixel = 2) covers the same plane.
  static Mesh image(idx_t ny, idx_t nx, double pixel = 1);
  /// A plane whose points have a latitude and a longitude too, [ny * nx] degrees.
  Mesh with_geographic(std::vector<double> lat, std::vector<double> lon) const;
  Mesh with_mapping(GridMapping mapping) const;

  MeshKind kind() const;
  idx_t ny() const;
  idx_t nx() const;
  idx_t points() const { return ny() * nx(); }
  /// Whether the last column is the western neighbour of the first. False where columns repeat
  /// instead.
  bool periodic() const;
  /// Columns after which the mesh comes round (nx, or fewer where columns repeat), 0 where it does
  /// not.
  idx_t period() const;
  const Fold& fold() const;
  /// Point at a row and a column, which may lie beyond the seam or the fold; -1 outside of the
  /// mesh.
  idx_t at(idx_t j, idx_t i) const;
  /// The point that a point repeats, or the point itself; -1 where it has no position.
  idx_t owner(idx_t point) const;

  Space space() const { return kind() == MeshKind::plane ? Space::plane : Space::sphere; }
  /// Whether points have latitudes and longitudes: all but planes without auxiliary ones.
  bool geographic() const;
  Position position(idx_t point) const;  ///< in space(): degrees, metres or pixels
  Position degrees(idx_t point) const;   ///< of a geographic() mesh
  Vector3 vector(idx_t point, Space in) const;
  double kilometres(Space in) const;  ///< (pixels of an image) in a unit of distance() between vectors
  /// Of a cell, counter-clockwise in rows and columns from (first, first): [4] in space().
  std::array<Vector3, 4> corners(idx_t point) const;
  /// Area of a cell over the mean cell area; 0 for a point that repeats another or has no
  /// position.
  double area_weight(idx_t j, idx_t i) const;
  double area(idx_t point) const;  ///< km2, pixels of an image; 0 as above
  /// Width of a cell along its column (y) and its row (x), km or pixels.
  Position spacing(idx_t point) const;
  /// From one point to a near one, km (pixels): northward and eastward, or along y and x.
  Position offset(idx_t from, idx_t to) const;
  /// Point with the nearest centre among those where wanted (empty: all), -1 if there is none.
  /// O(points).
  idx_t nearest(const Position& position, std::span<const unsigned char> wanted = {}) const;
  /// Whether a position lies in a cell. O(points).
  bool contains(const Position& position) const;
  struct Extent {
    double south = 0, north = 0, west = 0, east = 0;  ///< of the centres; y and x of a plane
  };
  Extent extent() const;
  std::string describe() const;  ///< size and extent, for messages

  /// Whether y and x are axes of their own, and these; else the table of points. In the units of
  /// the file.
  bool separable() const;
  const MeshAxis& y() const;
  const MeshAxis& x() const;
  const PointTable& table() const;
  const PlaneUnit& unit() const;
  const std::vector<double>& latitudes() const;  ///< of a plane with auxiliary ones, else empty
  const std::vector<double>& longitudes() const;
  const GridMapping& mapping() const;

  /// Blocks of factor x factor cells: mean position, summed area, outer edges. The last may be
  /// smaller.
  Mesh coarsened(int factor) const;
  /// A window, which may pass the seam of a periodic mesh.
  Mesh subset(const Window& window) const;
  /// Of size and coordinates, rounded to a millionth of a cell, longitudes modulo 360: fit for
  /// recognising the same file. Axes in float and double differ by more: mesh_difference() tells
  /// whether they mean the same.
  std::uint64_t checksum() const;

  struct Payload;  ///< src/mesh/payload.hpp

 private:
  friend struct MeshBuilder;
  explicit Mesh(std::shared_ptr<const Payload> payload) : payload_(std::move(payload)) {}
  const Payload& held() const;
  std::shared_ptr<const Payload> payload_;
};

/// nullopt where two meshes are the same: each centre within a hundredth of a cell, longitudes
/// modulo 360. Else what differs, with both values, to follow "its mesh differs from that of X: ".
std::optional<std::string> mesh_difference(const Mesh& found, const Mesh& expected);

/// Column of `found` that is the first of `expected` where the meshes are the same but for a turn
/// of a periodic mesh; nullopt where they are not.
std::optional<idx_t> column_shift(const Mesh& found, const Mesh& expected);

/// nullopt where two grid mappings say the same, whatever the order of their attributes, or where
/// one says nothing; else what differs. Names (long_name) and the transform of one raster
/// (GeoTransform) don't count.
std::optional<std::string> mapping_difference(const GridMapping& found, const GridMapping& expected);

/// The smallest window that holds some points; on a periodic mesh it may pass the last column.
Window covering_window(const Mesh& mesh, std::span<const idx_t> points);
/// The smallest window that holds all the windows; empty ones don't count.
Window bounding_window(const Mesh& mesh, std::span<const Window> windows);
/// Whether every point of `part` is in `whole`.
bool contains(const Mesh& mesh, const Window& whole, const Window& part);
/// Position of a point within a window: row * window.nx + column; -1 where the window does not
/// hold it.
idx_t index_within(const Mesh& mesh, const Window& window, idx_t point);
/// Point of the mesh at row j and column i of a window.
idx_t point_of(const Mesh& mesh, const Window& window, idx_t j, idx_t i);

}  // namespace podscale
