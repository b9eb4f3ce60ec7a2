"""Entrypoints of products, materials and recipes."""

from typing import Any

from chassis.database import Work
from chassis.service import Service, command, query
from services.inventory.schemas import materials as material_schemas
from services.inventory.schemas import products as product_schemas
from services.inventory.schemas import views
from services.inventory.schemas.fields import page_of
from services.inventory.use_cases import looking, materials, products, recipes

Request = dict[str, Any]


class Masters(Service):
    """What the company deals in and what that is made of."""

    @command(product_schemas.CreateProduct)
    def create_product(self, work: Work, request: Request) -> Any:
        substitutes = request.pop("substitutes")
        product = products.create_product(work, request, substitutes)
        return views.product_view(product, substitutes=products.substitutes_of(work, product))

    @command(product_schemas.ChangeProduct)
    def change_product(self, work: Work, request: Request) -> Any:
        product = products.change_product(work, **_change(request, "product_code", "substitutes"))
        return views.product_view(product, substitutes=products.substitutes_of(work, product))

    @query(product_schemas.ProductKey)
    def get_product(self, work: Work, request: Request) -> Any:
        return views.product_view(**looking.product(work, request["product_code"]))

    @query(product_schemas.SearchProducts)
    def search_products(self, work: Work, request: Request) -> Any:
        page = products.search_products(work, **request)
        return page_of(product_schemas.ProductView, page)

    @command(material_schemas.CreateMaterial)
    def create_material(self, work: Work, request: Request) -> Any:
        material = materials.create_material(work, request)
        return views.material_view(**looking.material(work, material))

    @command(material_schemas.ChangeMaterial)
    def change_material(self, work: Work, request: Request) -> Any:
        material = materials.change_material(work, **_change(request, "material_code"))
        return views.material_view(**looking.material(work, material))

    @query(material_schemas.MaterialKey)
    def get_material(self, work: Work, request: Request) -> Any:
        material = materials.get_material(work, request["material_code"])
        return views.material_view(**looking.material(work, material))

    @query(material_schemas.SearchMaterials)
    def search_materials(self, work: Work, request: Request) -> Any:
        page = materials.search_materials(work, **request)
        return page_of(material_schemas.MaterialView, page)

    @command(material_schemas.BookMaterial)
    def book_material(self, work: Work, request: Request) -> Any:
        code = request.pop("material_code")
        material, balance = materials.book_material(work, code, **request)
        return views.material_view(material, balance)

    @command(material_schemas.MakeRecipe)
    def make_recipe(self, work: Work, request: Request) -> Any:
        lines = [recipes.IngredientByCode(**line) for line in request.pop("lines")]
        recipe = recipes.make_recipe(work, request.pop("product_code"), lines, **request)
        view = views.recipe_view(recipe, recipes.materials_named(work, [recipe]))
        return {**view, "orders_under_way": recipes.orders_to_look_at(work, recipe)}

    @query(material_schemas.RecipeKey)
    def get_recipe(self, work: Work, request: Request) -> Any:
        recipe = recipes.get_recipe(work, request["product_code"], request["number"])
        return views.recipe_view(recipe, recipes.materials_named(work, [recipe]))

    @query(material_schemas.ListRecipes)
    def list_recipes(self, work: Work, request: Request) -> Any:
        page = recipes.list_recipes(work, **request)
        named = recipes.materials_named(work, page.items)
        items = [views.recipe_view(recipe, named) for recipe in page.items]
        return {"items": items, "next": page.next}

    @query(material_schemas.ExplodeProduct)
    def explode_product(self, work: Work, request: Request) -> Any:
        return views.demand_view(recipes.explode_product(work, **request))


def _change(request: Request, key: str, *beside: str) -> Request:
    """Sort a change into the thing, its new facts, and what is said about the change."""
    about = {name: request.pop(name) for name in ("expected_version", "reason", "note")}
    about |= {f"{name[:-1]}_codes": request.pop(name) for name in beside}
    return {"code": request.pop(key), "facts": request, **about}
