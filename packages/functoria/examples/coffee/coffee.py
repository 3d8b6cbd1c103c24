# brew >= 1.0, < 2
from brew import beans, coffee, register, water

register("breakfast", coffee()(water(), beans()))
