from django.urls import path

from serai.agreements import views

urlpatterns = [
    path("", views.agreement_list, name="agreement_list"),
    path("new/", views.agreement_create, name="agreement_create"),
    path("<uuid:pk>/", views.agreement_detail, name="agreement_detail"),
    path("<uuid:pk>/terms/", views.agreement_terms, name="agreement_terms"),
    path("<uuid:pk>/text/", views.agreement_text, name="agreement_text"),
    path("<uuid:pk>/wording/", views.agreement_body, name="agreement_body"),
    path("<uuid:pk>/move/", views.agreement_move, name="agreement_move"),
    path("<uuid:pk>/consent/<uuid:party>/", views.agreement_consent, name="agreement_consent"),
    path("<uuid:pk>/consent/<uuid:party>/withdraw/", views.agreement_withdraw, name="agreement_withdraw"),
    path("<uuid:pk>/sign/<uuid:party>/", views.agreement_sign, name="agreement_sign"),
    path("<uuid:pk>/in-force/", views.agreement_force, name="agreement_force"),
    path("<uuid:pk>/renew/", views.agreement_renew, name="agreement_renew"),
    path("<uuid:pk>/end/", views.agreement_end, name="agreement_end"),
    path("<uuid:pk>/commitments/new/", views.commitment_add, name="commitment_add"),
    path("<uuid:pk>/commitments/<uuid:commitment>/done/", views.commitment_done, name="commitment_done"),
    path("<uuid:pk>/commitments/<uuid:commitment>/drop/", views.commitment_drop, name="commitment_drop"),
]
